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

function entry(event: PassEvent): readonly [Level, string, Fields] {
  switch (event.type) {
    case 'backup-started':
      return ['info', 'backup started', { from: event.from, to: event.to }]
    case 'waiting':
      return ['info', 'waiting', { for: event.for }]
    case 'planned': {
      const { summary, free, rate, seconds, holds, problems, halt } = event.plan
      const counts = { holds: holds.length, problems: problems.length, halt: halt?.code ?? null }
      return ['info', 'planned', { ...summary, free, rate, seconds, ...counts }]
    }
    case 'rate-changed':
      return ['info', 'rate changed', { rate: event.rate, until: event.until }]
    case 'batch-started':
      return [
        'info',
        'batch started',
        { files: event.files, bytes: event.bytes, resumedBytes: event.resumedBytes },
      ]
    case 'progress':
      return [
        'debug',
        'progress',
        { path: event.path, files: event.files, bytes: event.bytes, rate: event.rate },
      ]
    case 'asking':
      return ['info', 'asking', { files: event.files, bytes: event.bytes }]
    case 'gating':
      return ['debug', 'gating', { files: event.files, bytes: event.bytes }]
    case 'published':
      return [
        'info',
        'published',
        { path: event.path, size: event.size, digest: event.digest, how: event.how },
      ]
    case 'pruned':
      return ['info', 'pruned', { path: event.path, because: event.because }]
    case 'retrying':
      return ['warn', 'retrying', { attempt: event.attempt, seconds: event.seconds, why: event.why }]
    case 'problem': {
      const { code, path, message, hint } = event.problem
      return ['warn', 'problem', { code, ...(path === undefined ? {} : { path }), problem: message, hint }]
    }
    case 'conflict':
      return ['error', 'conflict', { ...event.conflict }]
    case 'halt':
      return ['error', 'halted', { code: event.halt.code, halt: event.halt.message, hint: event.halt.hint }]
    case 'hold':
      return ['error', 'held', { id: event.hold.id, code: event.hold.code, hold: event.hold.message }]
    case 'recovered':
      return ['warn', 'recovered', { what: event.what }]
    case 'backup-finished': {
      const { result, exitCode, published, bytes, seconds, complete, conflicts, problems } = event.outcome
      const counts = { published: published.length, conflicts: conflicts.length, problems: problems.length }
      const level = exitCode === 0 ? 'info' : 'error'
      return [level, 'backup finished', { result, exitCode, ...counts, bytes, seconds, complete }]
    }
    default:
      return event satisfies never
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
