import type { PassEvent } from '../model/event.ts'
import { escapeText } from './escape-text.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'
type Fields = Readonly<Record<string, unknown>>

/** The part of pino that is used. */
export type EventLogger = Record<Level, (fields: Fields, message: string) => void>

/** Logs each event: messages are constant, and what varies is in escaped fields. */
export const logEvents =
  (logger: EventLogger): ((event: PassEvent) => void) =>
  (event) => {
    const [level, message, fields] = entry(event)
    logger[level](clean({ backup: event.backup, ...fields }), message)
  }

const LEVELS: Partial<Record<PassEvent['type'], Level>> = {
  progress: 'debug',
  gating: 'debug',
  retrying: 'warn',
  problem: 'warn',
  conflict: 'error',
  halt: 'error',
  hold: 'error',
  recovered: 'warn',
}

function entry(event: PassEvent): readonly [Level, string, Fields] {
  const { type, backup: _, ...fields } = event
  const level = LEVELS[type] ?? 'info'
  switch (event.type) {
    case 'planned': {
      const { summary, free, rate, seconds, holds, problems, halt } = event.plan
      const counts = { holds: holds.length, problems: problems.length, halt: halt?.code ?? null }
      return [level, 'planned', { ...summary, free, rate, seconds, ...counts }]
    }
    case 'problem': {
      const { code, path, message, hint } = event.problem
      return [level, 'problem', { code, ...(path === undefined ? {} : { path }), problem: message, hint }]
    }
    case 'conflict':
      return [level, 'conflict', { ...event.conflict }]
    case 'halt':
      return [level, 'halted', { code: event.halt.code, halt: event.halt.message, hint: event.halt.hint }]
    case 'hold':
      return [level, 'held', { id: event.hold.id, code: event.hold.code, hold: event.hold.message }]
    case 'backup-finished': {
      const { result, exitCode, published, bytes, seconds, complete, conflicts, problems } = event.outcome
      const counts = { published: published.length, conflicts: conflicts.length, problems: problems.length }
      return [
        exitCode === 0 ? 'info' : 'error',
        'backup finished',
        { result, exitCode, ...counts, bytes, seconds, complete },
      ]
    }
    default:
      return [level, type.replaceAll('-', ' '), fields]
  }
}

/** pino's JSON lets bidi and C1 characters through. */
const clean = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'string' ? escapeText(value) : value,
    ]),
  )
