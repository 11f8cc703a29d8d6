import { createLogUpdate } from 'log-update'
import stringWidth from 'string-width'
import type { PassEvent } from '../model/event.ts'
import { groupBy } from '../model/group-by.ts'
import { humanSize } from '../model/human-size.ts'
import { describeBeforeSummary } from './describe-event.ts'
import { escapeText } from './escape-text.ts'
import { counted, humanCount } from './human-count.ts'
import { type Paint, paint } from './paint.ts'
import {
  bytesDone,
  filesDone,
  foldRunning,
  gatingText,
  pace,
  type Running,
  type RunningBackups,
} from './running.ts'
import { cutText, padText, wrapText } from './wrap-text.ts'

/** Milliseconds between two pictures. */
const FRAME = 100
/** More files than this published within one frame share a line. */
const FLOOD = 6
const BAR = 24

interface Terminal {
  write(text: string): unknown
  readonly columns?: number
  readonly rows?: number
  readonly isTTY?: boolean
}

/**
 * Progress on a terminal: two lines for each running backup, redrawn in place; finished files scroll above them. Troubles are only
 * counted: the summary lists them.
 * Whatever else goes to the same terminal must wait for `end`, which takes the picture away.
 */
export function liveProgress(
  out: Terminal,
  options: { readonly color: boolean; readonly unicode: boolean },
): { onEvent(event: PassEvent): void; end(): void } {
  const brush = paint(options.color)
  const glyphs = options.unicode ? UNICODE_BAR : ASCII_BAR
  // The cursor stays visible: a kill would leave it hidden for good.
  const picture = createLogUpdate(out as NodeJS.WriteStream, { showCursor: true })
  const width = (): number => Math.max(20, (out.columns ?? 80) - 1)
  let running: RunningBackups = new Map()
  let news: PassEvent[] = []
  let timer: NodeJS.Timeout | null = null
  // Columns of the longest backup's name so far.
  let names = 0

  const scroll = (): void => {
    for (const { backup } of news) names = Math.max(names, stringWidth(escapeText(backup)))
    const lines = newsLines(news, names, brush, width())
    news = []
    if (lines.length === 0) return
    // Not by log-update's persist, which drops what is taller than the screen.
    picture.clear()
    out.write(`${lines.join('\n')}\n`)
  }
  const draw = (): void => {
    timer = null
    scroll()
    for (const name of running.keys()) names = Math.max(names, stringWidth(escapeText(name)))
    const lines = [...running.values()].flatMap((one) => frame(one, names, { brush, glyphs, width: width() }))
    if (lines.length === 0) picture.clear()
    else picture(lines.join('\n'))
  }
  return {
    onEvent(event) {
      running = foldRunning(running, event)
      if (isNews(event)) news.push(event)
      timer ??= setTimeout(draw, FRAME).unref()
    },
    end() {
      if (timer !== null) clearTimeout(timer)
      timer = null
      running = new Map()
      picture.clear()
      scroll()
      picture.done()
    },
  }
}

/** What the picture itself shows better does not scroll. */
const isNews = (event: PassEvent): boolean =>
  !['backup-started', 'waiting', 'planned'].includes(event.type) && describeBeforeSummary(event) !== null

function newsLines(
  news: readonly PassEvent[],
  names: number,
  brush: Paint,
  width: number,
): readonly string[] {
  const published = news.flatMap((event) => (event.type === 'published' ? event : []))
  const floods = groupBy(published, ({ backup }) => backup)
  return news.flatMap((event) => {
    const flood = event.type === 'published' ? floods.get(event.backup)! : []
    if (flood.length <= FLOOD) {
      const said = describeBeforeSummary(event)
      return said === null ? [] : line(event.backup, said.text, said.tone)
    }
    if (event !== flood[0]) return []
    const bytes = flood.reduce((sum, { size }) => sum + size, 0)
    return line(event.backup, `published ${humanCount(flood.length)} files (${humanSize(bytes)})`, 'green')
  })

  function line(backup: string, text: string, tone: Parameters<Paint>[0]): readonly string[] {
    const name = padText(escapeText(backup), names)
    const [first = '', ...rest] = wrapText(text, width - names - 2)
    const verb = first.split(' ', 1)[0] ?? ''
    return [
      `${brush('bold', name)}  ${brush(tone, verb)}${first.slice(verb.length)}`,
      ...rest.map((more) => ' '.repeat(names + 2) + more),
    ]
  }
}

function frame(
  one: Running,
  names: number,
  style: { readonly brush: Paint; readonly glyphs: BarGlyphs; readonly width: number },
): readonly string[] {
  const { brush, width } = style
  const head = brush('bold', padText(escapeText(one.backup), names))
  const indent = ' '.repeat(names + 2)
  const room = width - names - 2
  if (one.waiting !== null) return [`${head}  ${brush('yellow', cutText(WAITING[one.waiting], room))}`]
  const { progress, gating, troubles } = one
  const wrong = troubles === 0 ? '' : counted(troubles, 'problem')
  if (progress === null) {
    const doing = gating !== null ? gatingText(gating) : one.planned ? 'preparing' : 'looking at both sides'
    const text = [doing, wrong].filter((part) => part !== '').join('   ')
    return [`${head}  ${brush('dim', cutText(text, room))}`]
  }
  const { done, total } = progress.bytes
  const share = total === 0 ? 0 : Math.min(1, done / total)
  const whole = bytesDone(progress)
  // On a narrow terminal the resumed part goes first.
  const amount = whole.length > room ? (whole.split(' (', 1)[0] ?? '') : whole
  const cells = Math.min(BAR, room - amount.length - 10)
  const bar =
    total === 0 || cells < 8
      ? ''
      : `${barText(progress.bytes, cells, style.glyphs, brush)}  ${String(Math.floor(share * 100)).padStart(3)} %  `
  const facts = [filesDone(one), pace(progress), wrong].filter((part) => part !== '').join('   ')
  const left = room - stringWidth(facts) - 3
  const path = progress.path === null || left < 12 ? '' : `   ${cutText(escapeText(progress.path), left)}`
  if (amount === '') return [`${head}  ${brush('dim', cutText(facts, room))}`]
  return [`${head}  ${bar}${amount}`, `${indent}${brush('dim', cutText(facts, room) + path)}`]
}

const WAITING = {
  destination: 'waiting for another run at the destination',
  host: 'waiting for another transfer from this host',
  slot: 'waiting for a slot',
} as const

/** One cell each: bytes an earlier run had brought, bytes of this run, bytes still to come. */
interface BarGlyphs {
  readonly resumed: string
  readonly done: string
  readonly left: string
}

const UNICODE_BAR: BarGlyphs = { resumed: '╍', done: '━', left: '─' }
const ASCII_BAR: BarGlyphs = { resumed: '=', done: '#', left: '-' }

/** Whether the terminal's locale can show more than ASCII. */
export function useUnicode(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return /utf-?8/i.test(locale) && env['TERM'] !== 'linux'
}

/** A bar of `cells` columns. A full bar means that every byte is there, not nearly every one. */
function barText(
  bytes: { readonly done: number; readonly total: number; readonly resumed: number },
  cells: number,
  glyphs: BarGlyphs,
  brush: Paint,
): string {
  const cellsOf = (part: number): number =>
    Math.max(0, Math.min(cells, Math.floor((part / Math.max(1, bytes.total)) * cells)))
  const done = cellsOf(bytes.done)
  const resumed = Math.min(done, cellsOf(bytes.resumed))
  return (
    brush('cyan', glyphs.resumed.repeat(resumed)) +
    brush('green', glyphs.done.repeat(done - resumed)) +
    brush('dim', glyphs.left.repeat(cells - done))
  )
}
