import { type Instant, isoTime } from '../../model/instant.ts'
import {
  ALL_BACKUPS,
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
import { diskQuestion } from '../specs/identity-hold.ts'
import { fewOf } from '../status/conditions.ts'
import { type Findings, isOfHost, realmOf } from './find-trouble.ts'
import { subjectOf } from './messages.ts'
import { diskOfKey, type Found, isAmong, newsFirst, type Trouble } from './trouble.ts'

/** What a notice says of the moment, and of who found it. */
export interface Teller {
  readonly at: Instant
  readonly host: string
  readonly revision: string | null
  /** Backups that are declared beside the one that is found. */
  readonly others: number
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
    const { [findings.backup]: before = {}, ...beside } = told[id] ?? {}
    const { after, news, others } = foldHook(before, beside, watched(on), findings, teller)
    if (!isSame(before, after)) {
      const ofHook = Object.keys(after).length === 0 ? others : { ...others, [findings.backup]: after }
      told = { ...told, [id]: ofHook }
    }
    for (const notice of news) {
      if (on.includes(notice.kind)) pending = [...pending.filter(isOther(id, notice)), { hook: id, notice }]
    }
  }
  return told === book.told && pending === book.pending ? book : withoutStale({ told, pending })
}

/** What was refused and is over by now is not sent after its end: its `recovered` says what it was. */
function withoutStale(book: NoticeBook): NoticeBook {
  const pending = book.pending.filter((one) => !((one.rest?.refusals ?? 0) > 0 && isOver(book, one)))
  return { ...book, pending }
}

/** A notice about what stops several stands for as long as one of them is stopped. */
const isOver = ({ told }: NoticeBook, { hook, notice: { backup, kind } }: PendingNotice): boolean =>
  kind !== 'recovered' &&
  !Object.entries(told[hook] ?? {}).some(([name, { [kind]: one }]) => {
    const isMeant = name === backup || one?.joined?.includes(backup) === true
    return isMeant && one?.over === false
  })

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

type ToldOfOthers = NoticeBook['told'][string]

/** `beside`: what the hook was told of other backups; `others`: the same after it. */
function foldHook(
  before: ToldOfBackup,
  beside: ToldOfOthers,
  kinds: readonly TroubleKind[],
  { backup, troubles, settled, realm, isReached, away = [] }: Findings,
  teller: Teller,
): { readonly after: ToldOfBackup; readonly news: readonly Notice[]; readonly others: ToldOfOthers } {
  const after: { [kind in TroubleKind]?: Told } = {}
  const news: Notice[] = []
  for (const kind of kinds) {
    const known = before[kind]
    const found = troubles.find((one) => one.kind === kind)
    const isGoingOn = known !== undefined && !known.over
    // What these findings cannot speak for may be hidden by what stopped the look, or stands beside it: it stays told.
    const stays = isGoingOn
      ? known.keys.filter(
          (key) =>
            !(isReached && isOfHost(key)) &&
            (!settled.has(kind) ||
              (realm !== null && realmOf(key) !== realm) ||
              away.some((disk) => disk === diskOfKey(key))),
        )
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
    const cause = isNew ? found.cause : known.cause
    const joined = isGoingOn ? known.joined : undefined
    const more = { ...(cause === undefined ? {} : { cause }), ...(joined === undefined ? {} : { joined }) }
    after[kind] =
      isNew || !isSame(known.keys, keys)
        ? { since, message: found.message, keys, over: false, ...more }
        : known
    // Who hears of a host or a disk once need not hear of each backup that it stops.
    const isSaid = cause !== undefined && openWith(beside, kind, cause) !== undefined
    if (!isNew || isSaid) continue
    const said = isGoingOn ? newsFirst(found, known.keys) : found
    const message = cause === undefined ? said.message : `${said.message}${onceText(found, teller)}`
    news.push(noticeOf(backup, kind, { ...said, message }, since, teller))
  }
  const all = Object.values(after)
  if (all.length === 0 || all.some(({ over }) => !over)) return { after, news, others: beside }
  const others = handedOver(backup, after, beside)
  if (others !== null) return { after: {}, news: [], others }
  return { after: {}, news: [recovered(backup, after, realm === null, teller)], others: beside }
}

/** That others may be stopped by the same: how many, nobody knows yet. */
function onceText({ kind, details }: Trouble, { others }: Teller): string {
  if (others < 1) return ''
  const who =
    others === 1
      ? 'if it stops the other backup too, that is not reported again'
      : 'other backups that it stops are not reported one by one'
  const isHold = kind === 'held' && details.some((one) => diskQuestion(one) !== null)
  return `; ${who}${isHold ? ' (reconcile -n shows all holds)' : ''}`
}

/** Another backup that the same still stops. */
const openWith = (told: ToldOfOthers, kind: TroubleKind, cause: string): string | undefined =>
  Object.keys(told).find((name) => told[name]![kind]?.cause === cause && told[name]![kind]?.over === false)

/** That this one is well again is left to another one that all its causes still stop; null: there is none. */
function handedOver(backup: string, over: ToldOfBackup, beside: ToldOfOthers): ToldOfOthers | null {
  let others = beside
  for (const kind of TROUBLE_KINDS) {
    const ended = over[kind]
    if (ended === undefined) continue
    const heir = ended.cause === undefined ? undefined : openWith(beside, kind, ended.cause)
    if (heir === undefined) return null
    const { [kind]: told, ...rest } = others[heir]!
    const joined = [...new Set([...(told?.joined ?? []), ...(ended.joined ?? []), backup])].sort()
    others = { ...others, [heir]: { ...rest, [kind]: { ...told!, joined } } }
  }
  return others
}

function hasGrown({ keys }: Told, found: Trouble): boolean {
  const isKnown = isAmong(keys)
  return found.keys.some((key) => !isKnown(key))
}

function recovered(backup: string, over: ToldOfBackup, isGone: boolean, teller: Teller): Notice {
  const kinds = TROUBLE_KINDS.flatMap((kind) => {
    const told = over[kind]
    return told === undefined ? [] : [{ kind, ...told }]
  })
  const since = kinds.map((one) => one.since).sort()[0]!
  const details = kinds.map(({ kind, message }) => ({ code: kind, message }))
  // That one cause is gone says nothing of what else each backup has.
  const ofAll = `this is over: ${kinds.map(({ message }) => message).join('; ')}`
  const all = [...new Set([backup, ...kinds.flatMap(({ joined = [] }) => joined)])].sort()
  const whom = all.length === 1 ? '' : ` with ${all.length > MOST_DETAILS ? fewOf(all) : all.join(', ')}`
  const end = isGone ? 'it is declared no more' : backup === ALL_BACKUPS ? ofAll : `all is well again${whom}`
  const message = `${end}; it was ${kinds.map(({ kind }) => kind).join(', ')} since ${since}`
  const several = all.length > 1 ? { backups: all } : {}
  return noticeOf(backup, 'recovered', { message, count: kinds.length, details, ...several }, since, teller)
}

const noticeOf = (
  backup: string,
  kind: NoticeKind,
  what: Pick<Notice, 'message' | 'count' | 'details' | 'backups'>,
  since: string,
  { at, host, revision, stamp }: Teller,
): Notice => ({
  format: 'reconcile.notice/1',
  id: `${stamp}-${kind}`,
  backup,
  ...(what.backups === undefined ? {} : { backups: what.backups }),
  kind,
  message: what.message,
  text: `${subjectOf({ backup, ...what })} on ${host}: ${what.message}`,
  since,
  at: isoTime(at),
  host,
  revision,
  count: what.count,
  details: what.details.slice(0, MOST_DETAILS).map(withoutKey),
})

/** Of the others only the count is given. */
const MOST_DETAILS = 20

const withoutKey = ({ key: _, ...detail }: NoticeDetail & Partial<Found>): NoticeDetail => detail

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
export const restingNotice = (book: NoticeBook, { hook, notice }: PendingNotice, rest: Rest): NoticeBook =>
  withoutStale({
    ...book,
    pending: book.pending.map((one) =>
      one.hook === hook && one.notice.id === notice.id ? { ...one, rest } : one,
    ),
  })

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
