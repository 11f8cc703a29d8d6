import { readFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { specDocs } from '../../scripts/generate-docs.js'
import { loadSpecs } from '../../src/specs/load-specs.ts'
import { loadSchema, SCHEMAS, type Schema, schemaText, withDefaults } from '../../src/specs/schema.ts'
import { fill, load, scratch, told } from './spec-folder.ts'

interface Documented extends Schema {
  readonly examples?: readonly unknown[]
  readonly definitions?: Readonly<Record<string, Schema>>
}

/** Every key with its own schema, by dotted path. */
const keysOf = (schema: Schema, above = ''): readonly (readonly [string, Documented])[] =>
  Object.entries((schema.additionalProperties || schema).properties ?? {}).flatMap(([key, inner]) => [
    [`${above}${key}`, inner] as const,
    ...keysOf(inner, `${above}${key}.`),
    ...(inner.items === undefined ? [] : keysOf(inner.items, `${above}${key}[].`)),
  ])

describe.each(SCHEMAS)('the schema of %s', (name) => {
  const schema: Documented = loadSchema(name)
  const ajv = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true })

  test.each(keysOf(schema))('says of %s what it is, and its examples and default are valid', (_, key) => {
    expect(key.title).toBeTruthy()
    expect(key.description).toMatch(/\.$/)
    const validate = ajv.compile({ ...key, definitions: schema.definitions ?? {} })
    const values = [...(key.examples ?? []), ...(key.default === undefined ? [] : [key.default])]
    expect(key.properties ?? key.items?.properties ?? values).not.toEqual([])
    for (const value of values) {
      validate(value)
      expect(validate.errors).toBe(null)
    }
  })

  test('is valid draft-07 and closed everywhere', () => {
    expect(schemaText(name)).toContain('"http://json-schema.org/draft-07/schema#"')
    expect(ajv.validateSchema(JSON.parse(schemaText(name)))).toBe(true)
    const maps = schemaText(name).match(/"properties": \{/g)
    expect(schemaText(name).match(/"additionalProperties": false/g)).toHaveLength(maps?.length ?? -1)
  })
})

test('defaults come only beside the keys that they depend on, and written values stay', () => {
  const schema = loadSchema('backup')
  expect(withDefaults(schema, { source: { path: '/a' } })).toMatchObject({ source: { path: '/a' } })
  expect(withDefaults(schema, { source: { path: '/a' } })).not.toHaveProperty('source.port')
  expect(withDefaults(schema, { source: { host: 'h', port: 7 } })).toMatchObject({
    source: { port: 7, jump: [], algorithms: 'default' },
  })
})

test('docs/spec.md is what `npm run docs` writes', async () => {
  const read = async (path: string) => readFile(path, 'utf8')
  const made = specDocs(
    JSON.parse(await read('schemas/backup.schema.json')),
    JSON.parse(await read('schemas/hosts.schema.json')),
    JSON.parse(await read('schemas/config.schema.json')),
  )
  expect(await read('docs/spec.md')).toBe(made)
})

test('every whole spec that docs/spec.md shows loads', async () => {
  const shown = (await readFile('docs/spec.md', 'utf8')).matchAll(/```yaml\n(version: 1\n.*?)```/gs)
  const files = Object.fromEntries([...shown].map(([, text = ''], i) => [`shown-${i}.yaml`, text]))
  expect(Object.keys(files)).not.toEqual([])
  const loaded = await load(files)
  expect(told(loaded)).toEqual([])
})

describe('the examples in backups.d', () => {
  test('load without a fault or warning, and none is left out', async () => {
    const loaded = await loadSpecs('backups.d', { roots: null, home: '/home/me' })
    expect(told(loaded)).toEqual([])
    expect(loaded.specs.map(({ name, source }) => [name, source.kind])).toEqual([
      ['photos', 'local'],
      ['postgres', 'ssh'],
      ['wiki', 'ssh'],
    ])
  })

  test('their effective form is a spec again, with the same digest', async () => {
    const { specs, effective } = await loadSpecs('backups.d', { roots: null, home: '/home/me' })
    const folder = await scratch()
    await fill(
      folder,
      Object.fromEntries(
        [...effective].map(([name, document]) => [`${name}.yaml`, JSON.stringify(document)]),
      ),
    )
    const again = await loadSpecs(folder, { roots: null, home: '/home/me' })
    expect(told(again)).toEqual([])
    expect(again.specs.map(({ digest }) => digest)).toEqual(specs.map(({ digest }) => digest))
  })
})
