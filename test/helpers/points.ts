import { type DatedPoint, retain } from '../../src/decide/retention/retain.ts'
import { zoneOf } from '../../src/decide/time/zone.ts'
import { type Instant, instant } from '../../src/model/instant.ts'
import type { RetainRules } from '../../src/model/spec.ts'

type Within = NonNullable<RetainRules['within']>

/** `14d`, `36h`, `1d12h`. */
function within(text: string): Within {
  const [, days = '0', hours = '0'] = /^(?:(\d+)d)?(?:(\d+)h)?$/.exec(text) ?? []
  return { days: Number(days), seconds: Number(hours) * 3600, text }
}

export const policy = (over: Partial<RetainRules> = {}): RetainRules => ({
  last: null,
  hourly: null,
  daily: null,
  weekly: null,
  monthly: null,
  yearly: null,
  within: null,
  pick: 'newest',
  pin: [],
  ...over,
})

/** `daily=7 weekly=4 within=14d pick=oldest` */
export function rulesOf(text: string): RetainRules {
  const given = text.split(' ').flatMap((word) => {
    const [key = '', value = ''] = word.split('=')
    if (key === '') return []
    return [[key, key === 'pick' ? value : key === 'within' ? within(value) : Number(value)]]
  })
  return policy(Object.fromEntries(given))
}

/**
 * A point: its wall-clock time in the zone, `2026-11-23` alone for noon, with `Z` or an offset where that is meant; then `=name` where
 * its name is not that text, and `!` where it is pinned.
 */
export function pointOf(text: string, zone: string): DatedPoint {
  const [, time = '', name = time, pin] = /^([^=!]*)(?:=([^!]*))?(!)?$/.exec(text) ?? []
  return { time: timeOf(time, zone), name, pinned: pin !== undefined }
}

function timeOf(text: string, zone: string): Instant {
  const full = text.includes('T') ? text : `${text}T12:00`
  const isAbsolute = /(?:Z|[+-]\d\d:\d\d)$/.test(full)
  return isAbsolute ? instant(Date.parse(full)) : zoneOf(zone).toInstant(Date.parse(`${full}Z`))
}

/**
 * A table, a point a line and beside it the reasons for which it is kept, `gone` for none: what it should say, and what retain says.
 */
export function told(zone: string, rules: string, table: string) {
  const lines = table
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const drawn = lines.map((line) => {
    const [, text = '', reasons = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? []
    return { text, reasons, point: pointOf(text, zone) }
  })
  const kept = retain(
    drawn.map(({ point }) => point),
    rulesOf(rules),
    zoneOf(zone),
  )
  return {
    expected: drawn.map(({ text, reasons }) => `${text} ${reasons}`),
    actual: drawn.map(({ text, point }) => `${text} ${kept.get(point)?.join(', ') ?? 'gone'}`),
  }
}
