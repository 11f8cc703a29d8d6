import { type Digest, toDigest } from './digest.ts'
import type { Instant } from './instant.ts'
import { isObject } from './is-object.ts'
import { pathFault, type RelPath } from './rel-path.ts'

/** Looks at a value that was parsed from JSON, and returns its first fault with its place, or null where it is sound: then it is a `T`. */
export interface Check<out T = unknown> {
  (value: unknown, at: string): string | null
  /** For the compiler alone: no check has it. */
  readonly sound?: T
}

/** What such a check finds sound. */
export type Checked<C extends Check> = C extends Check<infer T> ? T : never

type Fields = Readonly<Record<string, Check>>
type MayLack<F extends Fields> = { [K in keyof F]: undefined extends Checked<F[K]> ? K : never }[keyof F]
export type CheckedFields<F extends Fields> = {
  readonly [K in Exclude<keyof F, MayLack<F>>]: Checked<F[K]>
} & { readonly [K in MayLack<F>]?: Exclude<Checked<F[K]>, undefined> }

/** Deeper than any document of ours; what is deeper would be too much for whatever walks it by recursion. */
const DEEPEST = 64

const is =
  <T>(what: string, test: (value: unknown) => boolean): Check<T> =>
  (value, at) =>
    test(value) ? null : `${at} is not ${what}`

/** Taken for what we wrote, without a look. */
export const unseen =
  <T>(): Check<T> =>
  () =>
    null
export const text = is<string>('a text', (value) => typeof value === 'string')
/** Whole, from 0: bytes, counts, seconds. */
export const count = is<number>(
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
)
export const integer = is<number>('a whole number', (value) => Number.isSafeInteger(value))
export const amount = is<number>('a number from 0', (value) => Number.isFinite(value) && Number(value) >= 0)
export const number = is<number>('a number', (value) => typeof value === 'number')
/** What a Date can be. */
const isTime = (value: unknown): boolean => Math.abs(value as number) <= 8.64e15
/** A time as milliseconds since 1970. */
export const millis = is<Instant>('a time', (value) => typeof value === 'number' && isTime(value))
export const wholeMillis = is<Instant>('a time', (value) => Number.isSafeInteger(value) && isTime(value))
export const flag = is<boolean>('true or false', (value) => typeof value === 'boolean')

const textThat = <T extends string>(what: string, test: (it: string) => boolean): Check<T> =>
  is(what, (value) => typeof value === 'string' && test(value))

/** Whatever Date.parse reads. */
export const moment = textThat<string>('a time', (it) => !Number.isNaN(Date.parse(it)))
export const time = textThat<string>(
  'a time in UTC',
  (it) => /^[+-]?\d{4,6}-\d\d-\d\dT[\d:.]+Z$/.test(it) && !Number.isNaN(Date.parse(it)),
)
/** A path that is safe in a destination (I6). */
export const relPath = textThat<RelPath>('a safe path', (it) => pathFault(it) === null)
/** Lower-case hex of md5 or sha256. */
export const digest = textThat<Digest>('a digest', (it) => toDigest(it) === it)
export const oneOf = <const T extends string | boolean>(...words: readonly T[]): Check<T> =>
  is(`one of ${words.join(', ')}`, (value) => words.includes(value as T))

export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, at) =>
    value === null ? null : check(value, at)

/** May be left out. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, at) =>
    value === undefined ? null : check(value, at)

/** Earlier versions left it out: whoever reads it then fills it in. */
export const newer = <T>(check: Check<T>): Check<T> => optional(check) as Check<T>

export const list =
  <T>(check: Check<T>): Check<readonly T[]> =>
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
  <F extends Fields>(fields: F): Check<CheckedFields<F>> =>
  (value, at) => {
    if (!isObject(value)) return `${at} is not an object`
    return firstFault(Object.entries(fields), (check, key) =>
      check(Object.hasOwn(value, key) ? value[key] : undefined, `${at}.${key}`),
    )
  }

export const both =
  <T>(first: Check<T>, second: Check): Check<T> =>
  (value, at) =>
    first(value, at) ?? second(value, at)

/** Whatever keys it has, each holds this. */
export const record =
  <T>(check: Check<T>): Check<{ readonly [key: string]: T }> =>
  (value, at) => {
    if (!isObject(value)) return `${at} is not an object`
    return firstFault(Object.entries(value), (item, key) => check(item, `${at}.${key}`))
  }

/** The same as a question, for callers that do not need the fault's place. */
export const matches =
  <T>(check: Check<T>) =>
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
export function parseDocument<T>(
  json: string,
  kind: string,
  what: string,
  check: Check<T>,
): { readonly value: T } | { readonly format: string } | { readonly fault: string } {
  const parsed = parseJson(json)
  if ('fault' in parsed) return parsed
  const { value } = parsed
  const format = isObject(value) && Object.hasOwn(value, 'format') ? value['format'] : undefined
  if (typeof format !== 'string') return { fault: 'it names no format' }
  const version = format.replace(`reconcile.${kind}/`, '')
  if (version !== '1') return /^\d+$/.test(version) ? { format } : { fault: `it is not a ${what}` }
  const fault = check(value, kind)
  return fault === null ? { value: value as T } : { fault }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
