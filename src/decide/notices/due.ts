import { type Instant, isoTime } from '../../model/instant.ts'
import {
  type Notice,
  type NoticeBook,
  type NoticeDetail,
  type NoticeHook,
  type NoticeKind,
  type PendingNotice,
  type Rest,
  type Told,
  type ToldOfBackup,
  TROUBLE_KINDS,
  type TroubleKind,
} from '../../model/notice.ts'
import { type Findings, realmOf, type Trouble } from './find-trouble.ts'

/** What a notice says of the moment, and of who found it. */
export interface Teller {
  readonly at: Instant
  readonly host: string
  readonly revision: string | null
  /** Never given twice: notices made now have ids that begin with it. */
  readonly stamp: string
}

/**
 * What has to be told after these findings, added to what is pending, and what was told by then. On change only: a kind of trouble is
 * told when it begins, and again when something new is added to it; `recovered` when the last of what a hook was told is over. The same
 * findings again give the very same book.
 */
export function foldNotices(
  book: NoticeBook,
  hooks: readonly Pick<NoticeHook, 'id' | 'on'>[],
  findings: Findings,
  teller: Teller,
): NoticeBook {
  let { told, pending } = book
  for (const { id, on } of hooks) {
    const before = told[id]?.[findings.backup] ?? {}
    const { after, news } = foldHook(before, watched(on), findings, teller)
    if (!isSame(before, after)) {
      const { [findings.backup]: _, ...others } = told[id] ?? {}
      const ofHook = Object.keys(after).length === 0 ? others : { ...others, [findings.backup]: after }
      told = { ...told, [id]: ofHook }
    }
    for (const notice of news) {
      if (on.includes(notice.kind)) pending = [...pending.filter(isOther(id, notice)), { hook: id, notice }]
    }
  }
  return told === book.told && pending === book.pending ? book : { told, pending }
}

/** Who only wants to hear that all is well again has to be remembered as if they had heard of everything. */
function watched(on: readonly NoticeKind[]): readonly TroubleKind[] {
  const kinds = TROUBLE_KINDS.filter((kind) => on.includes(kind))
  return kinds.length === 0 ? TROUBLE_KINDS : kinds
}

/** A newer one of the same kind takes the place of one that was never delivered. */
const isOther =
  (hook: string, { backup, kind }: Notice) =>
  (one: PendingNotice): boolean =>
    one.hook !== hook || one.notice.backup !== backup || one.notice.kind !== kind

function foldHook(
  before: ToldOfBackup,
  kinds: readonly TroubleKind[],
  { backup, troubles, settled, realm }: Findings,
  teller: Teller,
): { readonly after: ToldOfBackup; readonly news: readonly Notice[] } {
  const after: { [kind in TroubleKind]?: Told } = {}
  const news: Notice[] = []
  for (const kind of kinds) {
    const known = before[kind]
    const found = troubles.find((one) => one.kind === kind)
    const isGoingOn = known !== undefined && !known.over
    // What these findings cannot speak for may be hidden by what stopped the look, or stands beside it: it stays told.
    const stays = isGoingOn
      ? known.keys.filter((key) => !settled.has(kind) || (realm !== null && realmOf(key) !== realm))
      : []
    const keys = [...new Set([...stays, ...(found?.keys ?? [])])].sort()
    if (found === undefined) {
      if (known === undefined) continue
      const isOver = known.over || keys.length === 0
      after[kind] = isOver ? { ...known, over: true } : isSame(known.keys, keys) ? known : { ...known, keys }
      continue
    }
    const since = isGoingOn ? known.since : isoTime(teller.at)
    const isNew = !isGoingOn || hasGrown(known, found)
    after[kind] =
      isNew || !isSame(known.keys, keys) ? { since, message: found.message, keys, over: false } : known
    if (isNew) news.push(noticeOf(backup, kind, found, since, teller))
  }
  const all = Object.values(after)
  if (all.length === 0 || all.some(({ over }) => !over)) return { after, news }
  return { after: {}, news: [recovered(backup, after, realm === null, teller)] }
}

const hasGrown = (known: Told, found: Trouble): boolean => found.keys.some((key) => !known.keys.includes(key))

function recovered(backup: string, over: ToldOfBackup, isGone: boolean, teller: Teller): Notice {
  const kinds = TROUBLE_KINDS.flatMap((kind) => {
    const told = over[kind]
    return told === undefined ? [] : [{ kind, ...told }]
  })
  const since = kinds.map((one) => one.since).sort()[0]!
  const details = kinds.map(({ kind, message }) => ({ code: kind, message }))
  const end = isGone ? 'it is declared no more' : 'all is well again'
  const message = `${end}; it was ${kinds.map(({ kind }) => kind).join(', ')} since ${since}`
  return noticeOf(backup, 'recovered', { message, count: kinds.length, details }, since, teller)
}

const noticeOf = (
  backup: string,
  kind: NoticeKind,
  what: { readonly message: string; readonly count: number; readonly details: readonly NoticeDetail[] },
  since: string,
  { at, host, revision, stamp }: Teller,
): Notice => ({
  format: 'reconcile.notice/1',
  id: `${stamp}-${kind}`,
  backup,
  kind,
  message: what.message,
  text: `${backup} on ${host}: ${what.message}`,
  since,
  at: isoTime(at),
  host,
  revision,
  count: what.count,
  details: what.details,
})

/** The backups of which this hook was told something that is not over. */
export const inTrouble = ({ told }: Pick<NoticeBook, 'told'>, hook: string): readonly string[] =>
  Object.entries(told[hook] ?? {}).flatMap(([backup, of]) =>
    Object.values(of).some(({ over }) => !over) ? backup : [],
  )

/** Without one that was delivered. */
export const withoutNotice = (book: NoticeBook, { hook, notice }: PendingNotice): NoticeBook => ({
  ...book,
  pending: book.pending.filter((one) => one.hook !== hook || one.notice.id !== notice.id),
})

/** With one that is left alone for now. */
export const restingNotice = (book: NoticeBook, { hook, notice }: PendingNotice, rest: Rest): NoticeBook => ({
  ...book,
  pending: book.pending.map((one) =>
    one.hook === hook && one.notice.id === notice.id ? { ...one, rest } : one,
  ),
})

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
