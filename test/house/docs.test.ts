import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BackupPlan, Plan, Step } from '../../src/model/plan.ts'
import { renderPlan } from '../../src/view/render-plan.ts'
import { blocksIn, documents, readDocument as read, projectRoot as root } from './documented.ts'
import { codesIn } from './stable-codes.ts'

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: `src/${path}`, text: read(`src/${path}`) }))

describe('docs/codes.md explains every stable code', () => {
  const codes = codesIn(sources)
  const inTables = read('docs/codes.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  // The first cell names the codes.
  const documented = new Set(inTables.flatMap((line) => backticked(line.split(' | ')[0]!)))

  test('there are codes to look for, of every form in which they are written', () => {
    const forms = [
      'rot',
      'missing-tool',
      'name-too-long',
      'identity-missing',
      'list-mismatch',
      'host-key-changed',
      'unknown-key',
    ]
    expect([...codes.keys()]).toEqual(expect.arrayContaining(forms))
  })

  test('each code of the sources has its line', () => {
    expect(
      [...codes].filter(([code]) => !documented.has(code)).map(([code, file]) => `${code} (${file})`),
    ).toEqual([])
  })

  test('no line explains a code that does not exist', () => {
    const words = sources.map(({ text }) => text).join('\n')
    const unknown = [...documented].filter((code) => !codes.has(code) && !words.includes(`'${code}'`))
    // Exit codes.
    const others = /^\d+$/
    expect(unknown.filter((code) => !others.test(code))).toEqual([])
  })
})

describe('a document', () => {
  test.each(documents)('%s: its links lead to files and headings that exist', (path) => {
    const broken = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((hit) => hit[1]!)
      .filter((link) => !/^(?:https?|mailto):/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split('#') as [string, string | undefined]
        const target = file === '' ? path : join(dirname(path), file)
        if (!existsSync(join(root, target))) return true
        return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
      })
    expect(broken).toEqual([])
  })

  test.each(documents)('%s: the files of this project that it names exist', (path) => {
    const named = backticked(read(path)).filter((text) =>
      /^(?:src|test|scripts|docs|schemas|\.ci)\/[\w./-]*$/.test(text),
    )
    expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  // A page drops what is in a cell too many.
  test.each(documents)('%s: each row of a table has as many cells as its head', (path) => {
    const lines = withoutCode(read(path)).split('\n')
    const uneven = lines.filter((line, i) => cellsIn(line) !== cellsIn(lines[i - 1]) && isRow(lines[i - 1]))
    expect(uneven.filter(isRow)).toEqual([])
  })
})

const isRow = (line: string | undefined): boolean => line?.startsWith('|') === true

const cellsIn = (line: string | undefined): number => line?.match(/(?<!\\)\|/g)?.length ?? 0

function backticked(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((hit) => hit[1]!)
}

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '')

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map((hit) =>
    hit[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )

test('docs/scripts.md names every document and every event for scripts', () => {
  const named = new Set(backticked(read('docs/scripts.md')))
  const models = sources.filter(
    ({ path }) => path.startsWith('src/model/') || path.startsWith('src/commands/'),
  )
  const formats = models.flatMap(({ text }) =>
    [...text.matchAll(/format: '(reconcile\.\w+\/\d)'/g)].map((hit) => hit[1]!),
  )
  const events = [...read('src/model/event.ts').matchAll(/readonly type: '([\w-]+)'/g)].map((hit) => hit[1]!)
  expect(formats.length).toBeGreaterThan(3)
  expect(events.length).toBeGreaterThan(10)
  // The folder's own, for nobody else.
  const missing = [...formats, ...events].filter(
    (name) => !named.has(name) && name !== 'reconcile.destination/1',
  )
  expect(missing).toEqual([])
})

test('docs/architecture.md: each file that is said to hold an invariant names it', () => {
  const claims = read('docs/architecture.md')
    .split('\n')
    .flatMap((line) => {
      const names = /^\| (I\d+(?:, I\d+)*) \|/.exec(line)?.[1]?.split(', ') ?? []
      const files = backticked(line).filter((text) => text.startsWith('src/'))
      return files.flatMap((file) => names.map((name) => ({ name, file })))
    })
  expect(claims.length).toBeGreaterThan(12)
  expect(claims.filter(({ name, file }) => !new RegExp(`\\b${name}\\b`).test(read(file)))).toEqual([])
})

test('the plan that README.md shows is what the view makes of such a plan', () => {
  const spec = { file: 'backups.d/postgres.yaml', line: 1, digest: '' }
  const none = { adopt: 0, repair: 0, lost: 0, prune: 0, expire: 0, keep: 0 }
  const summary = { ...none, pull: 1, resume: 1, wait: 1, conflict: 1, surplus: 1, bytes: 1.9 * GIB }
  const backup: BackupPlan = {
    backup: 'postgres',
    spec,
    from: 'foo@db1.example.net:222:.',
    to: '/srv/offsite/postgres',
    steps: [
      step('conflict', 20, 'same name, different md5; neither is touched', {
        held: '9f86d081',
        source: '60303ae2',
      }),
      step('resume', 22, 'daily 2', { size: 1.4 * GIB, stagedBytes: 0.9 * GIB, turn: 1 }),
      step('pull', 23, 'last 1, daily 1', { size: 1.4 * GIB, turn: 2 }),
      step('wait', 24, 'no .md5 yet', {}),
      {
        ...step('surplus', 14, 'outside last=1 daily=7 weekly=4 monthly=12, kept (prune: never)', {}),
        path: 'db-2026-08-14.tar.gz',
        size: 1.3 * GIB,
      },
    ],
    halt: null,
    holds: [],
    problems: [],
    summary,
    series: [{ series: 'db', newest: '2026-11-24T03:00:00Z', expect: 'every 24h', state: 'ok', points: 9 }],
    unwanted: { files: 0, bytes: 0 },
    retained: null,
    free: 912 * GIB,
    rate: 25 * 1024,
    rateUntil: null,
    warnings: [],
    suspended: null,
    seconds: (1.9 * GIB) / (25 * 1024),
  }
  const plan: Plan = {
    format: 'reconcile.plan/1',
    planId: '',
    asOf: '2026-11-24T06:00:00Z',
    revision: null,
    backups: [backup],
    diagnostics: [],
    summary,
  }
  expect(blocksIn('README.md', '')).toContain(renderPlan(plan, { color: false, width: 80 }))
})

const GIB = 1024 ** 3

const step = (action: Step['action'], day: number, because: string, more: Partial<Step>): Step => ({
  action,
  path: `db-2026-11-${day}.tar.gz`,
  because: [because],
  ...more,
})
