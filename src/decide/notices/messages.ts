import type { Notice, TestNotice, UrlKind } from '../../model/notice.ts'
import { fewOf } from '../status/conditions.ts'

/** One request to a service. A GET where there is no body. */
export interface HookRequest {
  readonly headers: Readonly<Record<string, string>>
  /** Parameters that replace or join those of the URL. */
  readonly query: Readonly<Record<string, string>>
  readonly body: string | null
  /** Below the URL's path. */
  readonly under?: string
}

/**
 * What each takes, or less where that is more than anyone reads: characters; for ntfy bytes of UTF-8, as a message of 4096 or more becomes
 * an attachment; for Teams bytes of JSON, of which a whole card may have 28 KiB at most.
 */
const LIMITS = {
  ntfy: 4095,
  gotify: 8000,
  discord: 2000,
  slack: 4000,
  telegram: 4096,
  teams: 16_000,
} as const
const MOST_STATUS = 250

/**
 * The notice in the form that this service takes. Text from a source can format nothing, mention nobody and add no field there. `open`: the
 * backups that are in trouble now, as far as this hook was told; Uptime Kuma knows one state for all of them.
 */
export function hookRequest(
  kind: UrlKind,
  notice: Notice | TestNotice,
  open: readonly string[],
): HookRequest {
  const isTrouble = !['recovered', 'test'].includes(notice.kind)
  switch (kind) {
    case 'webhook':
      return json(notice)
    case 'ntfy':
      return {
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          title: encodedWord(titleOf(notice)),
          priority: isTrouble ? 'high' : 'default',
          tags: isTrouble ? 'warning' : 'white_check_mark',
        },
        query: {},
        body: bounded(bodyLines(notice), LIMITS.ntfy, bytesOf),
      }
    case 'gotify':
      return json({
        title: titleOf(notice),
        message: bounded(bodyLines(notice), LIMITS.gotify),
        priority: isTrouble ? 8 : 4,
      })
    case 'discord':
      return json({
        content: bounded(
          [`**${forDiscord(titleOf(notice))}**`, ...bodyLines(notice, forDiscord)],
          LIMITS.discord,
        ),
        allowed_mentions: { parse: [] },
        flags: NO_PREVIEWS,
      })
    case 'slack':
      return json({
        text: bounded(chatLines(notice, forSlack), LIMITS.slack),
        mrkdwn: false,
        unfurl_links: false,
        unfurl_media: false,
      })
    case 'telegram':
      return json({
        text: bounded(chatLines(notice, withoutMentions), LIMITS.telegram),
        link_preview_options: { is_disabled: true },
      })
    case 'teams':
      return json(card(titleOf(notice), bounded(bodyLines(notice), LIMITS.teams, jsonBytesOf), isTrouble))
    case 'uptime-kuma': {
      const isUp = !isTrouble && open.length === 0
      const others = isTrouble || isUp ? '' : `; still in trouble: ${open.join(', ')}`
      return statusPush(isUp, `${notice.text}${others}`)
    }
  }
}

/** For Uptime Kuma: the state of a monitor. It calls one down that hears nothing. */
export const statusPush = (isUp: boolean, text: string): HookRequest => ({
  headers: {},
  query: { status: isUp ? 'up' : 'down', msg: cutTo(withoutMentions(text), MOST_STATUS) },
  body: null,
})

/** Whether the body of a 2xx answer says that it was accepted. */
export function isAccepted(kind: UrlKind, body: string): boolean {
  if (kind === 'slack') return body.trim() === 'ok'
  return kind === 'telegram' || kind === 'uptime-kuma' ? /^\s*\{[\s\S]*"ok"\s*:\s*true\b/.test(body) : true
}

/** The first line of an answer's body. Of HTML or XML: its title, and the first line of its text where that says more. */
export function firstWords(body: string): string {
  if (!/^\s*<|<(?:!doctype|html|body|br|p|h1|pre|title)\b/i.test(body) || /^\s*[{[]/.test(body))
    return firstLine(body)
  const [, title = ''] = /<title\b[^<>]*>([^<]*)/i.exec(body) ?? []
  const text = body
    .replace(/\s+/g, ' ')
    .replace(/<!--.*?(?:-->|$)/g, '')
    .replace(/<(head|script|style)\b.*?(?:<\/\1\s*>|$)/gi, '\n')
    .replace(/<\/?(?:a|b|code|em|i|small|span|strong|tt|u)\b[^>]*>?/gi, '')
    .replace(/<[!?/<a-z][^>]*>?/gi, '\n')
  const [head, first] = [title.replace(/\s+/g, ' '), firstLine(text)].map((one) =>
    withoutEntities(one).trim(),
  )
  return [head, ...(head!.toLowerCase().includes(first!.toLowerCase()) ? [] : [first])]
    .filter((one) => one !== '')
    .join(': ')
}

const firstLine = (text: string): string => /\S[^\r\n]*/.exec(text)?.[0].trimEnd() ?? ''

const withoutEntities = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|apos|gt|lt|nbsp|quot));/gi,
    (_, hex, decimal, name: string) =>
      name === undefined
        ? codePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
        : ENTITIES[name.toLowerCase()]!,
  )

const codePoint = (code: number): string => (code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code))

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  gt: '>',
  lt: '<',
  nbsp: ' ',
  quot: '"',
}

/** What a URL needs, and that in words after "it". */
const NEEDS: { readonly [kind in UrlKind]?: readonly [need: RegExp, words: string] } = {
  ntfy: [/^[^?]*[^/?]/, 'must end in the topic: https://ntfy.sh/TOPIC'],
  gotify: [/^[^?]*\/message(?:\?|$)/, 'must end in /message?token=TOKEN'],
  telegram: [/^[^?]*\/sendMessage\?(?:.*&)?chat_id=/, 'must end in /sendMessage?chat_id=ID'],
  'uptime-kuma': [/^[^?]*\/api\/push\/[^/?]+(?:\?|$)/, "must be a push monitor's URL: …/api/push/TOKEN"],
}

/** What a service needs in its URL and this one lacks; null: nothing. Shows nothing of the URL. */
export function lackOf(kind: UrlKind, { pathname, search }: URL): string | null {
  const [need, words] = NEEDS[kind] ?? []
  return need?.test(`${pathname.replace(/\/+$/, '')}${search}`) === false ? (words ?? null) : null
}

export const titleOf = (notice: Notice | TestNotice): string =>
  `${subjectOf(notice)} on ${notice.host}: ${notice.kind}`

/** Of several backups the first few, and how many more there are. */
export const subjectOf = ({ backup, backups = [backup] }: Pick<Notice, 'backup' | 'backups'>): string =>
  fewOf(backups)

/** For people: the message, each thing it is about if there are several, what helps, and since when. */
export function bodyLines(
  { message, details, count, since, at, kind }: Notice | TestNotice,
  quote: (text: string) => string = (text) => text,
): readonly string[] {
  const several = details.length < 2 || kind === 'recovered' ? [] : details
  const rest = count - details.length
  const hints = new Set(details.flatMap(({ hint }) => (hint === undefined || hint === '' ? [] : [hint])))
  return [
    quote(message),
    ...several.map(
      (one) => `- ${quote(one.path === undefined ? one.message : `${one.path}: ${one.message}`)}`,
    ),
    ...(several.length > 0 && rest > 0 ? [`- and ${rest} more`] : []),
    ...[...hints].slice(0, MOST_HINTS).map((hint) => quote(hint.replace(/\s+/g, ' '))),
    ...(since === at || kind === 'recovered' ? [] : [`Since ${since}.`]),
  ]
}

const MOST_HINTS = 3

const chatLines = (notice: Notice | TestNotice, quote: (text: string) => string): readonly string[] => [
  quote(titleOf(notice)),
  ...bodyLines(notice, quote),
]

const json = (value: object): HookRequest => ({
  headers: { 'content-type': 'application/json' },
  query: {},
  body: JSON.stringify(value),
})

/** Discord's SUPPRESS_EMBEDS: no pictures of what a link in a file's name leads to. */
const NO_PREVIEWS = 4

/** A backslash takes the meaning of each sign that begins formatting, a mention or a link. */
const forDiscord = (text: string): string => text.replace(/[\\*_~`|<>@#:[\]()]/g, '\\$&')

/** Slack reads three characters in plain text. Mattermost, which takes the same, reads mentions too. */
const forSlack = (text: string): string =>
  withoutMentions(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A zero-width space keeps people from being called where a text is plain, or passed on to a chat as Uptime Kuma does. */
const withoutMentions = (text: string): string => text.replace(/@(?=\w)|<(?=[!@#])/g, '$&\u200b')

/** Text runs hold no Markdown, unlike text blocks. */
const card = (title: string, text: string, isTrouble: boolean) => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          paragraph({ text: title, weight: 'Bolder', color: isTrouble ? 'Attention' : 'Good' }),
          ...text.split('\n').map((line) => paragraph({ text: line })),
        ],
      },
    },
  ],
})

const paragraph = (run: object) => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', ...run }] })

const bytesOf = (character: string): number => new TextEncoder().encode(character).length
const jsonBytesOf = (character: string): number => bytesOf(JSON.stringify(character)) - 2
const unitsOf = (character: string): number => character.length

const bounded = (lines: readonly string[], limit: number, sizeOf = unitsOf): string =>
  cutTo(lines.join('\n'), limit, sizeOf)

/** Whole characters, and `…` where something is left out. */
export function cutTo(text: string, limit: number, sizeOf: (character: string) => number = unitsOf): string {
  let size = 0
  let kept = 0
  const room = limit - sizeOf('…')
  for (const character of text) {
    size += sizeOf(character)
    if (size <= room) kept += character.length
    if (size > limit) return `${text.slice(0, kept)}…`
  }
  return text
}

/** For a header: as it is in printable ASCII, else in RFC 2047's encoded words. */
export function encodedWord(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?')) return text
  const words = ['']
  for (const character of text) {
    if (bytesOf(`${words.at(-1)}${character}`) > WORD_BYTES) words.push('')
    words.push(`${words.pop()}${character}`)
  }
  const base64 = (word: string) => btoa(String.fromCharCode(...new TextEncoder().encode(word)))
  return words.map((word) => `=?UTF-8?B?${base64(word)}?=`).join(' ')
}

/** An encoded word is at most 75 characters long. */
const WORD_BYTES = 45
