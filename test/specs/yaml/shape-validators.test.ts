import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { SCHEMAS } from '../../../src/specs/schema.ts'
import { validatorOf } from '../../../src/specs/yaml/shape-validators.ts'

const root = resolve(import.meta.dirname, '../../..')
const built = (await import(pathToFileURL(join(root, 'dist/specs/yaml/shape-validators.js')).href)) as {
  validatorOf: typeof validatorOf
}

const CONFIG = parse(`
git: { url: "ssh://git@host/backups.git", ref: main, subpath: backups.d, interval: 5m }
notify: [{ urlFile: keys/ops-hook, on: [late, failing, recovered] }]
concurrency: 2
`)
const DOCUMENTS = {
  backup: readdirSync(join(root, 'backups.d')).map((file) =>
    parse(readFileSync(join(root, 'backups.d', file), 'utf8')),
  ),
  hosts: [{ nas: { address: 'nas.example.net', port: 222, user: 'me', jump: ['a@b'] }, db: { user: 'x' } }],
  config: [CONFIG],
}

const placesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, inner) => sum + placesIn(inner), 1)
    : 1

/** The document with something else in one of its places; undefined: nothing. */
const withOther = (value: unknown, at: number, other: unknown): unknown => {
  let left = at % placesIn(value)
  const walk = (here: unknown): unknown => {
    if (left-- === 0) return other
    if (Array.isArray(here)) return here.map(walk).filter((one) => one !== undefined)
    if (typeof here !== 'object' || here === null) return here
    const entries = Object.entries(here).map(([key, inner]) => [key, walk(inner)] as const)
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined))
  }
  return walk(value)
}

const ODD = [undefined, null, true, 0, -1, 1.5, 1e9, '', ' ', 'x', '1h', '25KiB/s', 'a/../b', '1'.repeat(300)]
const odd = fc.oneof(
  fc.constantFrom(...ODD, [], {}, ['x', 'x'], { every: '1h', cron: '* * * * *' }, { x: 1 }, { every: 1 }),
  fc.jsonValue({ maxDepth: 2 }),
)

describe.each(SCHEMAS)('the validator that the build makes of the schema of a %s', (name) => {
  const faults = (validate: ReturnType<typeof validatorOf>, document: unknown) =>
    validate(document) ? [] : validate.errors
  test('finds what ajv finds', () => {
    for (const document of DOCUMENTS[name]) expect(faults(validatorOf(name), document)).toEqual([])
    let faulty = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...DOCUMENTS[name]),
        fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 3 }),
        (document, changes) => {
          const changed = changes.reduce((all, [at, other]) => withOther(all, at, other), document)
          const found = faults(validatorOf(name), changed)
          if (found?.length !== 0) faulty++
          expect(faults(built.validatorOf(name), changed)).toEqual(found)
        },
      ),
      { numRuns: 1000 },
    )
    expect(faulty).toBeGreaterThan(500)
  })
})
