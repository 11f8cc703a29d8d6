import type { ErrorObject } from 'ajv'
import { groupBy } from '../../model/group-by.ts'
import { loadSchema, type Schema, type SchemaName } from '../schema.ts'
import { windowsFault } from '../spec/near-path.ts'
import { type Parsed, parseDuration, parseRate, parseRhythm, parseSize } from '../spec/units.ts'
import { habitHint, NO, writeAs } from './habits.ts'
import {
  type Fault,
  faultAt,
  type KeyPath,
  keyPathText,
  keyPlaceOf,
  type LocatedMap,
  placeOf,
  plainValue,
  valueAt,
} from './located.ts'
import { validatorOf } from './shape-validators.ts'
import { suggestKey } from './suggest-key.ts'

/**
 * Every fault of shape, each where it was written: at the key where a key is unknown, else at the value. `part` leaves out
 * what is only missing, for a document such as `_defaults.yaml` that is not whole by itself. Of unknown keys that came from
 * there only the first: they were found in that file, and every spec has them all.
 */
export function checkShape(name: SchemaName, root: LocatedMap, extent: 'whole' | 'part'): readonly Fault[] {
  const schema = loadSchema(name)
  const validate = validatorOf(name)
  if (validate(plainValue(root))) return []
  const all = validate.errors ?? []
  const chosen = new Set(all.flatMap(({ keyword, instancePath }) => (keyword === 'enum' ? instancePath : [])))
  const empty = new Set(all.flatMap((one) => (one.keyword === 'minProperties' ? one.instancePath : [])))
  const errors = all.filter(
    ({ keyword, schemaPath, instancePath, data }) =>
      keyword !== 'if' &&
      // The name itself is reported.
      keyword !== 'propertyNames' &&
      // An empty map, or a value that is not a map, has a fault of its own.
      !(['oneOf', 'not'].includes(keyword) && !hasKeys(data)) &&
      // What is none of a few words need not be text.
      !(keyword === 'type' && chosen.has(instancePath)) &&
      // Nor is what an empty map lacks, where that it is empty is a fault.
      !(keyword === 'required' && empty.has(instancePath)) &&
      // What each choice lacks: the choice itself is reported.
      !schemaPath.includes('/oneOf/') &&
      (extent === 'whole' || !['required', 'dependencies'].includes(keyword)),
  )
  const orphans = errors.filter(({ keyword }) => keyword === 'dependencies')
  const isOwn = (error: ErrorObject) =>
    error.keyword !== 'additionalProperties' ||
    keyPlaceOf(root, [...pathOf(error.instancePath, root), unknownIn(error)]).source === root.place.source
  const inherited = errors.find((error) => !isOwn(error))
  return [
    ...errors
      .filter((error) => error.keyword !== 'dependencies' && !isEchoOf(error, orphans))
      .filter((error) => error === inherited || isOwn(error))
      .map((error) => describe(error, root, schema)),
    ...describeOrphans(orphans, root),
  ]
}

const unknownIn = ({ params }: ErrorObject): string => String(params['additionalProperty'])

const hasKeys = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && Object.keys(data).length > 0

/** `path` is asked for where there is no host; where the host was forgotten, that is the one thing to say. */
const isEchoOf = (error: ErrorObject, orphans: readonly ErrorObject[]): boolean =>
  error.schemaPath.endsWith('/then/required') &&
  orphans.some(({ instancePath }) => instancePath === error.instancePath)

/** A rate or a timetable of such. */
const BANDWIDTH = 'transfer.bandwidth'

function describe(error: ErrorObject, root: LocatedMap, schema: Schema): Fault {
  const path = pathOf(error.instancePath, root)
  if (error.propertyName !== undefined) {
    const place = keyPlaceOf(root, [...path, error.propertyName])
    return faultAt(place, 'bad-name', `${shown(error.propertyName)} ${patternFault(error)}`)
  }
  const what = keyPathText(path)
  const value = written(root, path, error.data)
  const here = (code: string, message: string, hint?: string) =>
    faultAt(placeOf(root, path), code, message, hint)
  const wrong = (says: string, hint?: string) => here('wrong-value', `${what} ${says}`, hint)
  const reader = what === BANDWIDTH ? parseRate : quantityReader(error.schemaPath)
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(root, schema, path, unknownIn(error))
    case 'required':
      return missingKey(root, path, String(error.params['missingProperty']))
    case 'const':
      return wrong(`is ${value}; this program reads ${shown(error.params['allowedValue'])}`)
    case 'enum': {
      const allowed: readonly unknown[] = error.params['allowedValues']
      const data = String(error.data).toLowerCase()
      const near = allowed.find(
        (one) => typeof one === 'string' && (data.startsWith(one) || (one === 'never' && NO.test(data))),
      )
      const meant = near !== undefined ? `did you mean ${shown(near)}?` : writeAs(path)
      return wrong(`is ${value}, not ${allowed.map(shown).join(' or ')}`, meant)
    }
    case 'minimum':
    case 'maximum': {
      const bounds = error.parentSchema as { readonly minimum: number; readonly maximum: number }
      return here('out-of-range', `${what} is ${value}, not between ${bounds.minimum} and ${bounds.maximum}`)
    }
    case 'type':
      if (reader !== null && typeof error.data === 'number') {
        return here('bad-unit', `${what}: ${value} ${faultOf(reader(value))}`)
      }
      return wrongType(root, path, String(error.params['type']), error.data)
    case 'pattern':
      if (reader !== null) return here('bad-unit', `${what}: ${value} ${faultOf(reader(String(error.data)))}`)
      return here('wrong-value', `${what}: ${value} ${patternFault(error)}`)
    case 'minLength':
      return wrong('is empty')
    case 'minItems': {
      const least = Number(error.params['limit'])
      if (least > 1) return wrong(`needs ${least} entries`)
      return wrong('is an empty list', 'leave the key out for its default')
    }
    case 'minProperties':
      return wrong('is empty', `${writeAs(path) ?? 'give it what it needs'}, or leave it out`)
    case 'maxProperties':
      return wrong('has more than one of its keys', 'keep one of them')
    case 'not':
      return wrong(
        'says which point stands for a period, and of none how many to keep',
        'add a rule, such as "daily: 7"',
      )
    case 'oneOf':
      return error.params['passingSchemas'] === null
        ? here('missing-key', `"every" is missing in ${what}`, EVERY_HINTS[what] ?? EVERY_HINT)
        : wrong('has both "every" and "cron"', 'keep one of them')
    case 'maxLength':
      return wrong(`is longer than ${error.params['limit']} characters`)
    case 'uniqueItems':
      return wrong(`names ${shown((error.data as readonly unknown[])[error.params['i']])} twice`)
    case 'maxItems':
      return wrong(`has more than ${error.params['limit']} entries`)
    default:
      return wrong(error.message ?? 'is not valid')
  }
}

const YES = /^(?:yes|on|y|true)$/i

function unknownKey(root: LocatedMap, schema: Schema, path: KeyPath, key: string): Fault {
  const parent = keyPathText(path.filter((part) => typeof part === 'string'))
  const habit = habitHint(schema, parent, key)
  const meant = schema.additionalProperties
    ? suggestKey(asSource(schema.additionalProperties), 'source', key)
    : suggestKey(schema, parent, key)
  const hint =
    key === '<<'
      ? 'merge keys are not read: repeat the values, or put them into _defaults.yaml'
      : (habit ?? (meant === null ? undefined : `did you mean "${meant}"?`))
  const place = keyPlaceOf(root, [...path, key])
  return faultAt(place, 'unknown-key', `unknown key ${shown(key)}${inMap(path)}`, hint)
}

/** What a named host gives, as the part of a spec that it is: one object, since keys are looked up by it. */
const asSource = (connection: Schema): Schema => (connectionKeys ??= { properties: { source: connection } })

let connectionKeys: Schema | undefined

function missingKey(root: LocatedMap, path: KeyPath, key: string): Fault {
  const map = valueAt(root, path)
  const emptied = map?.kind === 'map' ? map.removed.get(key) : undefined
  const full = keyPathText([...path, key])
  if (emptied !== undefined) return faultAt(emptied, 'missing-key', `${full} is empty`, 'give it a value')
  const message = `"${key}" is missing${inMap(path)}`
  return faultAt(keyPlaceOf(root, path), 'missing-key', message, MISSING_HINTS[full])
}

const EVERY_HINT = 'write "every: 24h", "every: never", or a "cron"'

const EVERY_HINTS: Readonly<Record<string, string>> = { schedule: 'write "every: 1h", or a "cron"' }

const MISSING_HINTS: Readonly<Record<string, string>> = {
  version: 'begin the file with "version: 1"',
  'source.path': 'name the folder, or, for another machine, its "host" and "user"',
  'prove.drill': 'name a drill of this box\'s config.yaml, for example "drill: pg"',
  'destination.path': 'name the folder that keeps the files, for example /srv/offsite/{name}',
}

/** Keys that mean something only beside another one: all of one map in one fault, at the first that this file wrote. */
function describeOrphans(errors: readonly ErrorObject[], root: LocatedMap): readonly Fault[] {
  const groups = groupBy(errors, (error) => `${error.instancePath} ${error.params['missingProperty']}`)
  return [...groups.values()].map((group) => {
    const [first] = group as [ErrorObject]
    const path = pathOf(first.instancePath, root)
    const needed = String(first.params['missingProperty'])
    const written = group
      .map(({ params }) => String(params['property']))
      .map((key) => ({ key, place: keyPlaceOf(root, [...path, key]) }))
      .sort((a, b) => a.place.start - b.place.start)
    const keys = written.map(({ key }) => key)
    const own = written.find(({ place }) => place.source === root.place.source)
    const hint =
      needed === 'timezone'
        ? 'name the zone in which the names are dated, for example "timezone: Europe/Oslo"'
        : needed === 'cron'
          ? 'only cron is by the clock of a zone: remove it, or write a "cron"'
          : needed === 'user'
            ? 'name the account on the source, for example "user: backup"'
            : `add "${needed}", or, for a folder on this machine, remove ${keys.length === 1 ? 'it' : 'them'} (an empty value removes what _defaults.yaml gives)`
    const message = `${listed(keys)} without "${needed}"${inMap(path)}`
    const fault = faultAt(own?.place ?? keyPlaceOf(root, path), 'missing-key', message, hint)
    const host = needed === 'user' ? valueAt(root, [...path, 'host']) : null
    return host?.kind === 'scalar' ? { ...fault, host: String(host.value) } : fault
  })
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'keys with values',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  boolean: 'true or false',
  'string,array': 'text or a list',
  'string,object': 'text, or keys with values',
  'object,array': 'keys with values, or a list of such',
  'boolean,object': 'true, false, or keys with values',
}

function wrongType(root: LocatedMap, path: KeyPath, wanted: string, data: unknown): Fault {
  const what = keyPathText(path)
  const value = written(root, path, data)
  const found = valueAt(root, path)
  // `path: {name}` is a map in YAML, with a key that has no value.
  const [braced] = found?.kind === 'map' && found.entries.size === 0 ? found.removed.keys() : []
  const hint =
    what === BANDWIDTH
      ? 'write a rate, or a timetable as a list: [{ from: "08:00", to: "18:00", rate: 25KiB/s }]'
      : wanted === 'string' && (braced !== undefined || typeof data !== 'object')
        ? `put it in quotes: "${braced === undefined ? value : `{${braced}}`}"`
        : wanted === 'array' && typeof data === 'string'
          ? `write a list: [${JSON.stringify(data)}]`
          : wanted === 'integer' && typeof data === 'string' && /^[0-9]+$/.test(data)
            ? `write it without quotes: ${data}`
            : wanted.startsWith('boolean') && typeof data === 'string'
              ? truthHint(data)
              : writeAs(path, data)
  const message = `${what} is ${value}, not ${TYPE_WORDS[wanted] ?? wanted}`
  return faultAt(placeOf(root, path), 'wrong-type', message, hint)
}

function truthHint(text: string): string | undefined {
  if (!YES.test(text) && !NO.test(text)) return undefined
  return `write ${YES.test(text)}, without quotes: yes, no, on and off are text in YAML 1.2`
}

function quantityReader(schemaPath: string): ((text: string) => Parsed<unknown>) | null {
  const [, definition] = /^#\/definitions\/(\w+)\//.exec(schemaPath) ?? []
  if (definition === 'duration') return parseDuration
  if (definition === 'rhythm') return parseRhythm
  if (definition === 'size') return parseSize
  return definition === 'rate' || definition === 'rateOrOff' ? parseRate : null
}

const faultOf = (parsed: Parsed<unknown>): string => (parsed.ok ? 'is not valid' : parsed.fault)

const PATTERN_FAULTS: Readonly<Record<string, string>> = {
  name: 'is no name: lower-case letters, digits, ".", "_" and "-", beginning with a letter or digit',
  host: 'is no host: a name or an address, without user, port, brackets or spaces',
  user: 'is no user: letters, digits, ".", "_" and "-", beginning with a letter or digit',
  hop: 'is no jump host: write user@host or user@host:port',
  nearPath: 'is not an absolute path: begin it with / or ~/',
  opening: 'is no time of day at which a window opens: write it with two digits each, as "08:00"',
  closing:
    'is no time of day at which a window closes: write it with two digits each, as "18:00", up to "24:00"',
  digest: 'is no md5 or sha256 in hex: all 32 or 64 digits',
}

function patternFault(error: ErrorObject): string {
  const [, definition = ''] = /^#\/definitions\/(\w+)\//.exec(error.schemaPath) ?? []
  if (error.params['pattern'] === '^[^/]*$')
    return 'holds a "/": write its name alone, as it is looked for in each folder'
  const windows = definition === 'nearPath' ? windowsFault(String(error.data)) : null
  return windows ?? PATTERN_FAULTS[definition] ?? 'is blank'
}

/** A JSON pointer as a path; a number only where the document has a list. */
function pathOf(pointer: string, root: LocatedMap): KeyPath {
  const path: (string | number)[] = []
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(valueAt(root, path)?.kind === 'list' ? Number(key) : key)
  }
  return path
}

const inMap = (path: KeyPath): string => (path.length === 0 ? '' : ` in ${keyPathText(path)}`)

const listed = (keys: readonly string[]): string =>
  keys
    .map((key) => `"${key}"`)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' and ')

/** A number as written in the file, as it may have more digits than a double holds; else as {@link shown}. */
function written(root: LocatedMap, path: KeyPath, data: unknown): string {
  if (typeof data !== 'number') return shown(data)
  const { source, start, end } = placeOf(root, path)
  return cut(source.text.slice(start, end))
}

const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

/** A value as it is quoted in a message: short, and on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'keys with values'
  return cut(JSON.stringify(value))
}
