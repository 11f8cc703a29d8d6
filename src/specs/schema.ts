import { readFileSync } from 'node:fs'

/** The part of JSON Schema (draft-07) that our own schemas use. */
export interface Schema {
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly dependencies?: Readonly<Record<string, readonly string[]>>
  readonly items?: Schema
  /** `false`, or what each key of an open map holds. */
  readonly additionalProperties?: false | Schema
  readonly allOf?: readonly { readonly $ref: string }[]
  readonly default?: unknown
  readonly minProperties?: number
  /** What an object must be where a list of such may stand as well. */
  readonly then?: Schema
  readonly $ref?: string
  readonly definitions?: Readonly<Record<string, Schema>>
}

/** `backup`: a spec. `hosts`: `_hosts.yaml`. `config`: the box's own settings. */
export type SchemaName = (typeof SCHEMAS)[number]

export const SCHEMAS = ['backup', 'hosts', 'config'] as const

/** The schema file's text; it lies beside `src` and beside `dist` alike. */
export const schemaText = (name: SchemaName): string =>
  readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')

const loaded = new Map<SchemaName, Schema>()

/** The schema, read once, with the definitions of maps put in where they are referred to. */
export function loadSchema(name: SchemaName): Schema {
  const known = loaded.get(name)
  if (known !== undefined) return known
  const written: Schema = JSON.parse(schemaText(name))
  const schema = withMaps(written, written.definitions ?? {})
  loaded.set(name, schema)
  return schema
}

/** What knows keys, rather than values, finds them all under `properties` and `items` then. */
function withMaps(schema: Schema, definitions: Readonly<Record<string, Schema>>): Schema {
  const found = definitions[(schema.$ref ?? schema.then?.$ref ?? '').replace('#/definitions/', '')]
  const named = found?.properties === undefined ? undefined : found
  const { type = named?.type, properties = named?.properties, minProperties = named?.minProperties } = schema
  const { items } = schema
  const inner = (each: Schema) => withMaps(each, definitions)
  return {
    ...schema,
    ...(type === undefined ? {} : { type }),
    ...(minProperties === undefined ? {} : { minProperties }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, inner(value)]),
          ),
        }),
    ...(items === undefined ? {} : { items: inner(items) }),
  }
}

/**
 * The value with the schema's defaults put in and its keys in the schema's order. A default whose key depends on another
 * key (`port` on `host`) is put in only beside it. A map that may not be empty stays left out.
 */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : value.map((item) => withDefaults(items, item))
  }
  const { properties } = schema
  if (properties === undefined || typeof value !== 'object' || value === null) return value
  const given = new Map<string, unknown>(Object.entries(value))
  const filled: [string, unknown][] = []
  for (const [key, inner] of Object.entries(properties)) {
    const needs = schema.dependencies?.[key] ?? []
    const here = given.get(key)
    if (here !== undefined) filled.push([key, withDefaults(inner, here)])
    else if (needs.every((need) => Object.hasOwn(value, need))) {
      const whole =
        inner.default ??
        (inner.properties === undefined || inner.minProperties !== undefined ? undefined : {})
      if (whole !== undefined && !schema.required?.includes(key))
        filled.push([key, withDefaults(inner, whole)])
    }
    given.delete(key)
  }
  return Object.fromEntries([...filled, ...given])
}
