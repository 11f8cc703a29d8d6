import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { breaches, circles } from './house-rules.ts'

const root = resolve(import.meta.dirname, '../..')

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
  .map((path) => `src/${path}`)
  .sort()

describe('every file under src keeps the house rules', () => {
  test('there are files to look at', () => {
    expect(sources).toContain('src/model/spec.ts')
  })

  test.each(sources)('%s', (path) => {
    expect(breaches({ path, text: readFileSync(join(root, path), 'utf8') })).toEqual([])
  })
})

describe('an offender is caught', () => {
  const offenders: readonly (readonly [path: string, text: string, rule: string | RegExp])[] = [
    ['src/model/a.ts', "import { plan } from '../decide/plan.ts'", 'model may not know decide'],
    ['src/model/a.ts', "import type { Plan } from '../decide/plan.ts'", 'model may not know decide'],
    ['src/decide/a.ts', "import { pass } from '../reconcile/pass.ts'", 'decide may not know reconcile'],
    ['src/decide/a.ts', "import {\n  type A,\n  b,\n} from '../view/b.ts'", 'decide may not know view'],
    ['src/reconcile/a.ts', "import { list } from '../source/list.ts'", 'reconcile may not know source'],
    ['src/reconcile/a.ts', "import { tick } from '../watch/tick.ts'", 'reconcile may not know watch'],
    ['src/watch/a.ts', "import '../commands/run.ts'", 'watch may not know commands'],
    ['src/source/a.ts', "import type { D } from '../destination/d.ts'", 'source may not know destination'],
    ['src/destination/a.ts', "const m = await import('../source/m.ts')", 'destination may not know source'],
    ['src/destination/a.ts', "export type { S } from '../source/s.ts'", 'destination may not know source'],
    ['src/view/a.ts', "import { read } from '../specs/read.ts'", 'view may not know specs'],
    ['src/specs/a.ts', "import { x } from '../view/x.ts'", 'specs may not know view'],
    ['src/serve/a.ts', "import { p } from '../decide/p.ts'", 'serve may not know decide'],
    ['src/cli.ts', "import { p } from './source/p.ts'", 'cli.ts may not know source'],
    ['src/commands/a.ts', "import { main } from '../cli.ts'", 'commands may not know cli.ts'],
    ['src/commands/a.ts', "import { x } from '../../test/helpers/x.ts'", 'from outside src'],
    ['src/attic/a.ts', 'export const a = 1', 'attic/ is no room'],
    ['src/decide/a.ts', "import { readFileSync } from 'node:fs'", 'not known to be pure'],
    ['src/decide/a.ts', "import { execa } from 'execa'", 'not known to be pure'],
    ['src/source/a.ts', "import { spawn } from 'node:child_process'", 'beside src/system/child.ts'],
    ['src/system/a.ts', "import { execFile } from 'child_process'", 'beside src/system/child.ts'],
    ['src/watch/a.ts', "import { execa } from 'execa'", 'beside src/system/child.ts'],
    ['src/box/a.ts', 'await promises.rename(next, path)', 'renames'],
    ['src/destination/a.ts', 'await disk.rename(next, path)', 'renames'],
    ['src/decide/a.ts', "import type { Stats } from 'node:fs'", 'not known to be pure'],
    ['src/decide/a.ts', 'export const now = () => Date.now()', 'Date.now'],
    ['src/decide/a.ts', 'export const now = () => new Date()', 'new Date()'],
    ['src/decide/a.ts', 'export const now = () => Date()', 'Date('],
    ['src/decide/a.ts', 'export const id = () => Math.random()', 'Math.random'],
    ['src/decide/a.ts', 'export const home = process.env.HOME', 'process.'],
    ['src/decide/a.ts', "const url = 'http://x'; export const n = Date.now()", 'Date.now'],
    ['src/commands/a.ts', 'process.exit(1)', 'process.exit'],
    ['src/commands/a.ts', 'process.exitCode = 1', 'process.exit'],
    ['src/commands/a.ts', "import { exit } from 'node:process'", 'process.exit'],
    ['src/box/a.ts', 'export const a = JSON.parse(text)', 'parses JSON past its checks'],
    ['src/box/a.ts', 'await mkdir(folder, { recursive: true })', 'past makeWithParents'],
    ['src/watch/a.ts', 'const late = AbortSignal.timeout(5)', 'AbortSignal.timeout'],
    ['src/view/a.ts', 'export default function a() {}', 'default export'],
    ['src/view/a.ts', 'const a = 1\nexport { a as default }', 'default export'],
    ['src/view/a.ts', "export * from './b.ts'", 're-exports'],
    ['src/view/a.ts', "export { b } from './b.ts'", 're-exports'],
    ['src/decide/a.ts', 'class Late implements Point {\n  get time() {}\n}', 'class Late is no error'],
    ['src/decide/a.ts', 'export class Points {\n  at() {}\n}', 'class Points is no error'],
    ['src/model/a.ts', 'export class Told extends Failure implements Trouble {}', 'class Told is no error'],
    ['src/view/planText.ts', '', 'planText is not kebab-case'],
    ['src/view/plan.d.ts', '', 'plan.d is not kebab-case'],
    ['src/view/Plan.ts', '', 'Plan is not kebab-case'],
    ['src/view/text-utils.ts', '', 'text-utils is no name'],
    ['src/view/index.ts', '', 'index is no name'],
  ]

  test.each(offenders)('%s with %j', (path, text, rule) => {
    expect(breaches({ path, text }).join('\n')).toMatch(rule)
  })
})

test('350 lines is the ceiling', () => {
  const lines = (count: number) => breaches({ path: 'src/view/a.ts', text: 'const a = 1\n'.repeat(count) })
  expect(lines(350)).toEqual([])
  expect(lines(351)).toEqual(['has 351 lines, 350 is the ceiling'])
})

describe('what only looks like an offence is let through', () => {
  const innocents: readonly (readonly [path: string, text: string])[] = [
    ['src/decide/a.ts', '// Date.now() is not for us, nor process.exit(1)\nexport const a = 1'],
    ['src/decide/a.ts', '/** No `new Date()` here. */\nexport const at = (ms: number) => new Date(ms)'],
    ['src/decide/a.ts', "import picomatch from 'picomatch'\nimport type { P } from '../model/plan.ts'"],
    ['src/decide/a.ts', "export const timetable = 1 // import { x } from '../source/x.ts'"],
    ['src/system/child.ts', "import { spawn } from 'node:child_process'"],
    ['src/commands/a.ts', "import { p } from '../source/p.ts'\nimport { d } from '../destination/d.ts'"],
    ['src/cli.ts', "import { run } from './commands/run.ts'\nprocess.exit(0)"],
    ['src/view/a.ts', 'export const exitCode = 1'],
    ['src/model/a.ts', 'export class Stop extends Error {\n  readonly code = 1\n}'],
  ]

  test.each(innocents)('%s with %j', (path, text) => {
    expect(breaches({ path, text })).toEqual([])
  })
})

describe('imports go in no circle', () => {
  test('none under src', () => {
    expect(circles(sources.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })))).toEqual(
      [],
    )
  })

  test('one is found, also of types and over several files', () => {
    const text = (wanted: string) => `import type { X } from './${wanted}.ts'`
    const ring = ['a', 'b', 'c'].map((name, i) => ({
      path: `src/model/${name}.ts`,
      text: text(['b', 'c', 'a'][i]!),
    }))
    expect(circles(ring)).toEqual(['src/model/a.ts > src/model/b.ts > src/model/c.ts > src/model/a.ts'])
    expect(circles(ring.slice(0, 2))).toEqual([])
  })
})
