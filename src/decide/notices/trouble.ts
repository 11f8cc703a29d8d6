import type { NoticeDetail, TroubleKind } from '../../model/notice.ts'

/** One kind of trouble that a backup is in. */
export interface Trouble {
  readonly kind: TroubleKind
  /** What comes before the first of its details: `failing, 3 problems`. */
  readonly head: string
  /** One line. */
  readonly message: string
  /** What it is about; never a time or a number that moves by itself. */
  readonly keys: readonly string[]
  readonly count: number
  readonly details: readonly Found[]
  /** The same for each backup that this host or disk stops; left out: it is this backup's own. */
  readonly cause?: string
}

/** One thing that is wrong; its key is among those of its trouble, unless there are too many. */
export type Found = NoticeDetail & { readonly key: string }

/** More than can be told apart one by one. */
const MOST_KEYS = 200

/** Of this kind, or none where nothing is found. */
export function trouble(
  kind: TroubleKind,
  details: readonly Found[],
  headFor: (count: number) => string,
): readonly Trouble[] {
  if (details.length === 0) return []
  const head = headFor(details.length)
  return [
    {
      kind,
      head,
      message: worded(head, details),
      keys: keysOf(details),
      count: details.length,
      details,
    },
  ]
}

const keysOf = (details: readonly Found[]): readonly string[] =>
  [...new Set(details.map(({ key }) => key))].sort().slice(0, MOST_KEYS)

/** Of disks that take turns each is remembered by itself: what is wrong there is not over while another is here. No path has a NUL. */
const BEHIND = '\0'

/** The same, with what concerns this disk alone marked as its own. */
export function onDisk(found: Trouble, disk: string, isOfDisk: (one: Found) => boolean): Trouble {
  const details = found.details.map((one) =>
    isOfDisk(one) ? { ...one, key: `${one.key}${BEHIND}${disk}` } : one,
  )
  return { ...found, details, keys: keysOf(details) }
}

/** The disk whose own this is; undefined: that of none. */
export const diskOfKey = (key: string): string | undefined => key.split(BEHIND)[1]

const bare = (key: string): string => key.split(BEHIND)[0]!

/** Whether it is known already, of whichever disk. */
export const isAmong = (known: readonly string[]): ((key: string) => boolean) => {
  const all = new Set(known.map(bare))
  return (key) => all.has(bare(key))
}

/** The same, what is not among these keys first. */
export function newsFirst(found: Trouble, known: readonly string[]): Trouble {
  const isKey = isAmong(known)
  const isKnown = ({ key }: Found): boolean => isKey(key)
  const news = found.details.filter((one) => !isKnown(one))
  if (news.length === 0 || news.length === found.details.length) return found
  const details = [...news, ...found.details.filter(isKnown)]
  return { ...found, details, message: worded(`${found.head}, ${news.length} new`, details) }
}

function worded(head: string, details: readonly Found[]): string {
  const [{ path, message }] = details as readonly [Found, ...Found[]]
  const more = details.length === 1 ? '' : ` (and ${details.length - 1} more)`
  return `${head}: ${path === undefined ? '' : `${path}: `}${message}${more}`
}
