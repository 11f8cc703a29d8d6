import { type Instant, instant } from '../../src/model/instant.ts'
import type { LedgerEvent, LedgerLine } from '../../src/model/ledger-event.ts'

export const at = (text: string): Instant => instant(Date.parse(text))

/**
 * `TIME published db-2026-11-20.tar 1000 [made]`, one line each; the plan is the day of its time. Of others than files the words after the path
 * are their reason, but for a `failed`. What is in braces at its end is as it is in the ledger.
 */
export const ledger = (text: string): readonly LedgerLine[] =>
  text
    .trim()
    .split('\n')
    .map((row, i) => {
      const [words = '', own = ''] = row.trim().split(/ (?=\{)/)
      const [time = '', event = '', path = '', size = '0', made = time, ...rest] = words.split(' ')
      const file = {
        md5: 'a',
        sha256: 'b',
        marker: { name: '', text: '' },
        mtime: at(made) / 1000,
        markerMtime: null,
        revision: null,
        planId: time.slice(0, 10),
      }
      const more =
        event === 'published' || event === 'repaired'
          ? { ...file, size: Number(size) }
          : {
              trash: 'T',
              code: path,
              by: event === 'released' ? 'ann' : 'policy',
              reason: [size, made, ...rest].join(' '),
              ...(size === 'failed' ? { failed: true } : {}),
            }
      return {
        seq: i + 1,
        append: i + 1,
        prev: '',
        hash: String(i + 1).padStart(64, 'a'),
        time,
        event,
        path,
        ...more,
        ...(own === '' ? {} : (JSON.parse(own) as object)),
      } as unknown as LedgerLine & LedgerEvent
    })
