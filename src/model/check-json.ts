import { toDigest } from './digest.ts'
import { isObject } from './is-object.ts'
import { pathFault } from './rel-path.ts'

/** Looks at a value that was parsed from JSON, and returns its first fault with its place, or null where it is sound. */
export type Check = (value: unknown, at: string) => string | null

/** Deeper than any document of ours; what is deeper would be too much for whatever walks it by recursion. */
const DEEPEST = 64

const is =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value, at) =>
    test(value) ? null : `${at} is not ${what}`

export const anything: Check = () => null
export const text = is('a text', (value) => typeof value === 'string')
/** Whole, from 0: bytes, counts, seconds. */
export const count = is('a whole number from 0', (value) => Number.isSafeInteger(value) && Number(value) >= 0)
export const integer = is('a whole number', (value) => Number.isSafeInteger(value))
export const amount = is('a number from 0', (value) => Number.isFinite(value) && Number(value) >= 0)
export const number = is('a number', (value) => typeof value === 'number')
export const flag = is('true or false', (value) => typeof value === 'boolean')
/** Whatever Date.parse reads. */
export const moment = is('a time', (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)))
export const time = is(
  'a time in UTC',
  (value) =>
    typeof value === 'string' &&
    /^[+-]?\d{4,6}-\d\d-\d\dT[\d:.]+Z$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
)
/** A path that is safe in a destination (I6). */
export const relPath = is('a safe path', (value) => typeof value === 'string' && pathFault(value) === null)
/** Lower-case hex of md5 or sha256. */
export const digest = is('a digest', (value) => typeof value === 'string' && toDigest(value) === value)
export const oneOf = (...words: readonly (string | number | boolean)[]): Check =>
  is(`one of ${words.join(', ')}`, (value) => words.includes(value as string))

export const nullable =
  (check: Check): Check =>
  (value, at) =>
    value === null ? null : check(value, at)

/** May be left out. */
export const optional =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? null : check(value, at)

export const list =
  (check: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return `${at} is not a list`
    return firstFault(value.entries(), (item, i) => check(item, `${at}[${i}]`))
  }

function firstFault<Key, Item>(
  entries: Iterable<readonly [Key, Item]>,
  check: (item: Item, key: Key) => string | null,
): string | null {
  for (const [key, item] of entries) {
    const fault = check(item, key)
    if (fault !== null) return fault
  }
  return null
}

/** Keys that it does not name are passed over: documents only gain fields. */
export const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, at) => {
    if (!isObject(value)) return `${at} is not an object`
    return firstFault(Object.entries(fields), (check, key) =>
      check(Object.hasOwn(value, key) ? value[key] : undefined, `${at}.${key}`),
    )
  }

export const both =
  (first: Check, second: Check): Check =>
  (value, at) =>
    first(value, at) ?? second(value, at)

/** Whatever keys it has, each holds this. */
export const record =
  (check: Check): Check =>
  (value, at) => {
    if (!isObject(value)) return `${at} is not an object`
    return firstFault(Object.entries(value), (item, key) => check(item, `${at}.${key}`))
  }

/** The same as a question, for callers that do not need the fault's place. What the check asks for is what T promises. */
export const matches =
  <T>(check: Check) =>
  (value: unknown): value is T =>
    check(value, '') === null

/** The value that a text holds as JSON; `fault` where it holds none, or one that is nested without end. */
export function parseJson(json: string): { readonly value: unknown } | { readonly fault: string } {
  try {
    const value: unknown = JSON.parse(json)
    return isDeeper(value, DEEPEST) ? { fault: 'it is nested too deeply' } : { value }
  } catch {
    return { fault: 'it is not JSON' }
  }
}

/**
 * What a document of ours holds, `reconcile.KIND/1`. Whoever wrote it is not trusted. `format`: it is of a version that this program does not
 * know; `what`: the document in words.
 */
export function parseDocument(
  json: string,
  kind: string,
  what: string,
  check: Check,
): { readonly value: unknown } | { readonly format: string } | { readonly fault: string } {
  const parsed = parseJson(json)
  if ('fault' in parsed) return parsed
  const { value } = parsed
  const format = isObject(value) && Object.hasOwn(value, 'format') ? value['format'] : undefined
  if (typeof format !== 'string') return { fault: 'it names no format' }
  const version = format.replace(`reconcile.${kind}/`, '')
  if (version !== '1') return /^\d+$/.test(version) ? { format } : { fault: `it is not a ${what}` }
  const fault = check(value, kind)
  return fault === null ? { value } : { fault }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
