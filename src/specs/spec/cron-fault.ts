import { Cron } from 'croner'

/** Some leap day comes within eight years, also around a year that has none by the calendar's rule. */
const FROM = new Date('2024-01-01T00:00:00Z')

/** What is wrong with a timetable in cron's language, in words that go on after it; or null. */
export function cronFault(cron: string): string | null {
  const text = cron.trim()
  const fields = text.split(/\s+/)
  if (text.startsWith('@')) return 'is a nickname: write five fields, such as "0 0 * * *"'
  if (fields.length === 6) return 'has six fields: seconds are not read, write five'
  if (fields.length !== 5) {
    return `has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}, not five: minute, hour, day of the month, month, day of the week`
  }
  try {
    const never = new Cron(text, { paused: true, mode: '5-part', timezone: 'UTC' }).nextRun(FROM) === null
    return never ? 'is at no time at all' : null
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return `is no timetable: ${why.replace(/^CronPattern: /, '').replace(/^./, (letter) => letter.toLowerCase())}`
  }
}
