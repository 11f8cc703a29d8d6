import { chmod, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BackupOutcome, Result } from '../../src/model/outcome.ts'
import type { SavedPlan } from '../../src/model/saved-plan.ts'
import { type Backup, backupIn, stepsOf } from '../helpers/backup.ts'
import { expectConverged, stagedSize } from '../helpers/fault-checks.ts'
import { killAll, membersOf, until, untilTransfer } from '../helpers/fault-processes.ts'
import { makeValveWorld } from '../helpers/fault-valve.ts'
import { treeOf } from '../helpers/tree.ts'
import { makeWorld, noise, type World } from '../helpers/world.ts'

// A saved plan is applied as it is, or refused with nothing touched.

let world: World
beforeAll(async () => {
  world = await makeWorld('local', { calls: 'here' })
})
afterAll(() => world.end())

const fileOf = (name: string): string => join(world.folder, `${name}.plan`)

async function save(...names: string[]): Promise<SavedPlan> {
  const file = fileOf(names.join('-'))
  const { code, stderr } = await world.run('plan', ...names, '--out', file)
  expect(code, stderr).toBe(0)
  return read(file)
}

const read = async (file: string): Promise<SavedPlan> => JSON.parse(await readFile(file, 'utf8'))

async function apply(...names: string[]): Promise<Result> {
  const { stdout, stderr, code } = await world.run('apply', fileOf(names.join('-')), '--json')
  expect(stdout, stderr).not.toBe('')
  const result = JSON.parse(stdout) as Result
  expect(result.exitCode).toBe(code)
  return result
}

/** `stale-source a.tar`. */
const differencesOf = ({ stale }: BackupOutcome): readonly string[] =>
  stale.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`))

/** The plan ids of the ledger's lines about files. */
async function ledgerOf(at: Pick<Backup, 'destination'>): Promise<readonly string[]> {
  const text = await readFile(join(at.destination, '.reconcile/ledger.jsonl'), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; path?: string; planId?: string })
    .flatMap(({ event, path, planId }) => (path === undefined ? [] : [`${event} ${path} ${planId}`]))
}

const everything = (at: Backup) => Promise.all([treeOf(at.destination), treeOf(at.source)])

/** One file published, two to come. */
async function begun(name: string): Promise<Backup> {
  const at = await backupIn(world, name)
  await at.offer('old.tar', 'old', { mtime: 1_700_000_000 })
  await at.pass()
  for (const file of ['a.tar', 'b.tar']) await at.offer(file, file, { mtime: 1_700_000_000 })
  return at
}

describe('a plan that still holds', () => {
  test('is applied exactly, under its id, and a second time is refused as done', async () => {
    const at = await begun('round')
    const plan = await save('round')
    expect((await stat(fileOf('round'))).mode & 0o777).toBe(0o600)
    expect(plan.specs).toMatchObject({ round: { destination: { path: at.destination } } })
    expect(stepsOf(plan.backups[0]!)).toEqual(['pull a.tar', 'pull b.tar'])
    // Named by no step: it does not matter, and is not pulled.
    await at.offer('later.tar', 'later')
    expect(await apply('round')).toMatchObject({
      exitCode: 0,
      planId: plan.planId,
      backups: [{ result: 'applied', published: ['a.tar', 'b.tar'], stale: [] }],
    })
    expect(await at.names()).not.toContain('later.tar')
    expect(await ledgerOf(at)).toEqual(
      expect.arrayContaining([`published a.tar ${plan.planId}`, `published b.tar ${plan.planId}`]),
    )

    const before = await everything(at)
    const { backups, exitCode } = await apply('round')
    expect([exitCode, backups.map(differencesOf)]).toEqual([4, [['plan-done']]])
    expect(backups[0]!.stale[0]!.message).toMatch(/the last of it at \d{4}-/)
    expect(await everything(at)).toEqual(before)
  })

  test('of several backups counts as one: what is done of it is not done again', async () => {
    const [one, two] = [await begun('pair-a'), await begun('pair-b')]
    const plan = await save('pair-a', 'pair-b')
    expect(await apply('pair-a', 'pair-b')).toMatchObject({
      exitCode: 0,
      backups: [{ published: ['a.tar', 'b.tar'] }, { published: ['a.tar', 'b.tar'] }],
    })
    for (const at of [one, two]) expect(await ledgerOf(at)).toContain(`published a.tar ${plan.planId}`)
  })

  test('with an adoption and a repair does both', async () => {
    const at = await begun('mend')
    await at.putHere('pair.tar', 'pair')
    await at.offer('pair.tar', 'pair')
    await chmod(join(at.destination, 'old.tar'), 0o644)
    await writeFile(join(at.destination, 'old.tar'), 'rotten')
    const plan = await save('mend')
    expect(stepsOf(plan.backups[0]!)).toEqual([
      'pull a.tar',
      'pull b.tar',
      'repair old.tar',
      'adopt pair.tar',
    ])
    expect((await apply('mend')).backups[0]).toMatchObject({
      result: 'applied',
      adopted: ['pair.tar'],
      repaired: ['old.tar'],
    })
    expect((await at.published()).get('old.tar')).toBe('old')
    expect((await apply('mend')).exitCode).toBe(4)
  })

  test('that has nothing to do does nothing, and is fine', async () => {
    const at = await backupIn(world, 'idle')
    await at.offer('a.tar', 'a')
    await at.pass()
    await save('idle')
    expect(await apply('idle')).toMatchObject({ exitCode: 0, backups: [{ result: 'in-sync' }] })
  })
})

describe('a stale plan is refused with 4, and nothing is touched', () => {
  test.each<[string, (at: Backup) => Promise<unknown>, readonly string[]]>([
    ['a file changed at the source', (at) => at.offer('a.tar', 'changed'), ['stale-source a.tar']],
    ['a file gone at the source', (at) => unlink(join(at.source, 'a.tar')), ['stale-source a.tar']],
    [
      'a file touched at the source',
      (at) => utimes(join(at.source, 'a.tar'), 1_600_000_000, 1_600_000_000),
      ['stale-source a.tar'],
    ],
    ['something in the way here', (at) => at.putHere('a.tar', 'other'), ['stale-destination a.tar']],
    ['another spec', (at) => at.declare({ select: { exclude: ['nothing'] } }), ['stale-spec']],
    ['no spec', () => rm(join(world.specs, 'stale.yaml')), ['stale-spec-gone']],
  ])('%s', async (_, change, differences) => {
    const at = await begun('stale')
    try {
      await save('stale')
      await change(at)
      const [before, state] = [await everything(at), await treeOf(world.state)]
      const { exitCode, backups } = await apply('stale')
      expect([exitCode, backups.map(differencesOf)]).toEqual([4, [differences]])
      const { expected, found } = backups[0]!.stale[0]!
      if (differences[0] !== 'stale-spec-gone') expect(expected).not.toEqual(found)
      expect(await everything(at)).toEqual(before)
      expect(await treeOf(world.state)).toEqual(state)
      const shown = await world.run('plan', '--show', fileOf('stale'))
      expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/\+ pull +a\.tar/) })
    } finally {
      await rm(at.source, { recursive: true })
      await rm(at.destination, { recursive: true })
      await rm(world.state, { recursive: true })
    }
  })

  test('one of two: the other is not begun either', async () => {
    const [one, two] = [await begun('both-a'), await begun('both-b')]
    await save('both-a', 'both-b')
    await two.offer('b.tar', 'changed')
    const before = [await everything(one), await everything(two)]
    const { exitCode, backups } = await apply('both-a', 'both-b')
    expect([exitCode, backups.map(differencesOf)]).toEqual([4, [['plan-not-begun'], ['stale-source b.tar']]])
    expect([await everything(one), await everything(two)]).toEqual(before)
  })

  test('published by another plan meanwhile', async () => {
    const at = await begun('overtaken')
    await save('overtaken')
    await at.offer('c.tar', 'c')
    await at.pass()
    const { exitCode, backups } = await apply('overtaken')
    expect([exitCode, backups.map(differencesOf)]).toEqual([
      4,
      [['stale-destination a.tar', 'stale-destination b.tar']],
    ])
  })

  test('a source that cannot be reached proves no difference: it is a failure', async () => {
    const at = await begun('away')
    await save('away')
    const before = await treeOf(at.destination)
    await rm(at.source, { recursive: true })
    const { exitCode, backups } = await apply('away')
    expect([exitCode, backups[0]!.result, differencesOf(backups[0]!)]).toEqual([1, 'failed', []])
    expect(await treeOf(at.destination)).toEqual(before)
  })
})

test('I7: killed half way, the same plan goes on and is finished under its one id', async () => {
  const valve = await makeValveWorld({ calls: 'here' })
  try {
    await valve.declare()
    const offered = new Map<string, Buffer>([
      ['a.tar', noise(3_000_000, 'a')],
      ['b.tar', noise(3_000_000, 'b')],
    ])
    for (const [name, data] of offered) await valve.offer(name, data)
    const file = join(valve.folder, 'the.plan')
    expect((await valve.run('plan', '--out', file)).code).toBe(0)
    const { planId } = await read(file)
    await valve.closeAfter(4_500_000)
    const command = valve.start(['apply', file])
    await valve.reached()
    const transfer = await untilTransfer(command, valve.destination)
    await until(
      async () => (await stagedSize(valve, 'b.tar')) + (await stagedSize(valve, 'a.tar')) > 3_500_000,
    )
    killAll([command.pid!])
    expect((await command).signal).toBe('SIGKILL')
    await until(() => membersOf(transfer.group).length === 0)

    // Meanwhile something else has come: it is none of this plan's business.
    await valve.offer('c.tar', 'c')
    const again = await valve.run('apply', file, '--json', '--lock-timeout', '60s')
    expect(JSON.parse(again.stdout)).toMatchObject({ exitCode: 0, planId, backups: [{ result: 'applied' }] })
    await unlink(join(valve.source, 'c.tar'))
    await expectConverged(valve, offered)
    expect((await ledgerOf(valve)).toSorted()).toEqual([
      `published a.tar ${planId}`,
      `published b.tar ${planId}`,
    ])
    expect((await valve.run('apply', file)).code).toBe(4)
  } finally {
    await valve.end()
  }
})

describe('a file that is no plan of ours', () => {
  test.each<[string, (plan: SavedPlan) => unknown, number, RegExp]>([
    ['a step more than was saved', edit({ path: 'c.tar' }), 4, /changed after the plan was saved/],
    ['a path that leads out', edit({ path: '../../etc/passwd' }), 64, /steps\[0\]\.path is not a safe path/],
    ['another digest', edit({ digest: '0'.repeat(32) }), 64, /brings other bytes than it expects/],
    ['a size that is none', edit({ size: -1 }), 64, /size is not a whole number/],
    ['another version', (plan) => ({ ...plan, format: 'reconcile.plan/2' }), 64, /reads only.*plan\/1/],
    ['another document', () => ({ format: 'reconcile.result/1' }), 64, /it is not a saved plan/],
    ['nested without end', () => nested(5000), 64, /nested too deeply/],
    ['a list', () => [], 64, /names no format/],
    ['no JSON', () => 'plan: {', 64, /not JSON/],
    [
      'one backup twice',
      (plan) => ({ ...plan, backups: [...plan.backups, ...plan.backups] }),
      64,
      /contains a backup twice/,
    ],
  ])('%s: exit %#', async (_, change, code, said) => {
    const at = await sound()
    const before = await everything(at)
    const file = join(world.folder, 'hostile.plan')
    const made = change(await read(fileOf('sound')))
    await writeFile(file, typeof made === 'string' ? made : JSON.stringify(made))
    const applied = await world.run('apply', file)
    expect(applied.code).toBe(code)
    expect((applied.stdout + applied.stderr).replace(/\n +/g, ' ')).toMatch(said)
    expect(applied.stderr).not.toContain('    at ')
    expect(await everything(at)).toEqual(before)
    // Edited, it is shown all the same, and said to be so.
    const shown = await world.run('plan', '--show', file)
    expect(shown.code).toBe(code === 4 ? 0 : 64)
    if (code === 4) expect(shown.stderr).toContain('cannot be applied')
  })

  let kept: Backup | null = null
  async function sound(): Promise<Backup> {
    if (kept !== null) return kept
    kept = await begun('sound')
    await save('sound')
    return kept
  }
})

/** Changes the first step of the first backup, or of its expectations nothing. */
function edit(over: Readonly<Record<string, unknown>>) {
  return (plan: SavedPlan) => {
    const [first, ...rest] = plan.backups
    const [step, ...steps] = first!.steps
    return { ...plan, backups: [{ ...first, steps: [{ ...step, ...over }, ...steps] }, ...rest] }
  }
}

const nested = (levels: number): string =>
  `{"format":"reconcile.plan/1","x":${'['.repeat(levels)}${']'.repeat(levels)}}`

describe('where a plan is saved', () => {
  beforeAll(async () => {
    await begun('placed')
  })
  test.each<[string, () => string]>([
    ['a folder', () => world.folder],
    ['the specs folder', () => join(world.specs, 'x.plan')],
    ['a destination', () => join(world.folder, 'offsite-placed/x.plan')],
    ["a destination's own folder", () => join(world.folder, 'offsite-placed/.reconcile/ledger.jsonl')],
  ])('is never %s', async (_, place) => {
    const before = await treeOf(world.folder)
    const { code, stderr } = await world.run('plan', 'placed', '--out', place())
    expect([code, stderr]).toEqual([64, expect.stringContaining('cannot write')])
    const now = await treeOf(world.folder)
    expect([...now.keys()]).toEqual([...before.keys()])
  })
})

test.each<[readonly string[], RegExp]>([
  [['plan', '--out', 'a', '--show', 'b'], /cannot be combined/],
  [['plan', '--show', 'nowhere'], /no such file/],
  [['--as-of', '2026-11-24T06:00:00Z'], /--as-of needs --dry-run/],
  [
    ['--as-of', '2026-11-24T06:00:00Z', 'apply', 'x'],
    /apply takes no --as-of: it is a flag of run, status, explain, plan/,
  ],
  [['--dry-run', 'apply', 'x'], /apply takes no --dry-run/],
  [['-n', 'release', '0123abcd', '--reason', 'r'], /release takes no --dry-run/],
  [['-n', 'doctor', '--rebuild-ledger', 'x'], /doctor takes no --dry-run/],
  [['-n', 'prune', '--undo', 'x'], /--undo has no dry run/],
  [['--as-of', 'yesterday', '--dry-run'], /2026-11-24T06:00:00Z/],
  [['--offline', 'x', 'status'], /status takes no --offline/],
  [['--output', 'markdown', 'status'], /plan --show/],
  [['validate', '--diff', '--max-time', '1s'], /validate takes no --diff: it is a flag of run, plan$/m],
  [
    ['--max-time', '1s', 'validate'],
    /validate takes no --max-time: it is a flag of run, verify, prune, plan, apply, watch$/m,
  ],
  [['service', 'print', '-n'], /service print takes no --dry-run: it is a flag of run, prune$/m],
  [['validate', '--check'], /unknown option '--check'\n {2}--check is a flag of status\.$/m],
  [['--diff'], /--diff needs --dry-run/],
])('%j is called the wrong way', async (words, said) => {
  const { code, stderr } = await world.run(...words)
  const whole = stderr.replace(/(?<!')\n {2}(?=[a-z])(?!reconcile )/g, ' ')
  expect([code, whole]).toEqual([64, expect.stringMatching(said)])
})
