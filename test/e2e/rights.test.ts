import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { type Backup, backupIn } from '../helpers/backup.ts'
import { makeWorld } from '../helpers/world.ts'

// What is closed to the user who runs this is named, with its owner and how to give it back.

const NOBODY = 65534
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']

/** A backup with one file, whose destination and state are nobody's, and what a command says to nobody. */
async function nobodys(): Promise<{ at: Backup; say: (...words: string[]) => Promise<string> }> {
  const world = await makeWorld('local')
  onTestFinished(() => world.end())
  const at = await backupIn(world, 'pg')
  await at.offer('a.tar', 'a')
  await at.pass()
  await chmod(world.folder, 0o755)
  for (const folder of [at.destination, world.state]) await execa('chown', ['-R', `${NOBODY}`, folder])
  const say = async (...words: string[]) => {
    const { command, args } = world.command(words)
    const options = { reject: false, cwd: '/', env: { HOME: '/', NO_COLOR: '1' } }
    const { stdout, stderr } = await execa('setpriv', [...AS_NOBODY, command, ...args], options)
    return `${stdout}${stderr}`.replace(/\s+/g, ' ')
  }
  return { at, say }
}

test.runIf(process.getuid?.() === 0)(
  'a published file, the folder, and .reconcile that are root’s',
  async () => {
    const { at, say } = await nobodys()
    const file = join(at.destination, 'a.tar')
    await chown(file, 0, 0)
    await chmod(file, 0o600)
    const verified = await say('verify', 'pg')
    expect(verified).toContain(`permission denied: ${file} belongs to root, mode 600`)
    expect(verified).toContain(`sudo chown nobody ${file}`)
    expect(verified).not.toContain('smartctl')
    await chown(file, NOBODY, NOBODY)

    await chown(at.destination, 0, 0)
    await chmod(at.destination, 0o755)
    await at.offer('b.tar', 'b')
    const passed = await say('pg')
    expect(passed).toContain(`${at.destination} belongs to root, mode 755`)
    expect(passed).toContain(`sudo chown nobody ${at.destination}`)

    await chown(join(at.destination, '.reconcile'), 0, 0)
    expect(await say('pg')).toContain(`sudo chown -R nobody ${at.destination}`)
  },
)

test('one faulty file under all specs: named with its line, and the folder that is known', async () => {
  const world = await makeWorld('local', { calls: 'here' })
  onTestFinished(() => world.end())
  const at = await backupIn(world, 'pg')
  await at.offer('a.tar', 'a')
  await at.pass()
  const defaults = join(world.specs, '_defaults.yaml')
  await writeFile(defaults, 'verify: [\n')
  const { code, stderr } = await world.run('restore', 'pg', '--list')
  expect(code).toBe(64)
  expect(stderr).toMatch(/_defaults\.yaml:\d+: /)
  expect(stderr.replace(/\s+/g, ' ')).toContain(`reconcile restore ${at.destination} --list`)
  const doctor = await world.run('doctor')
  expect(doctor.code).toBe(3)
  expect(doctor.stdout).not.toMatch(/all is well/i)
  expect(doctor.stdout).toMatch(/^1 fault in specs or settings/)
})

test('a damaged ledger: nothing is counted, and no zero stands for it', async () => {
  const world = await makeWorld('local', { calls: 'here' })
  onTestFinished(() => world.end())
  const at = await backupIn(world, 'pg')
  await at.offer('a.tar', 'a')
  await at.pass()
  await writeFile(join(at.destination, '.reconcile/ledger.jsonl'), 'x\n')
  for (let i = 0; i < 2; i++) {
    const { code, stdout } = await at.run()
    expect(code).toBe(6)
    expect(stdout).not.toContain('0 files complete')
  }
})
