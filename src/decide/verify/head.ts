import type { LedgerEnd, LedgerHead } from '../../model/holding.ts'
import type { LedgerLine } from '../../model/ledger-event.ts'
import type { HeadFound } from '../../model/verified.ts'
import { type Finding, findingOfLedger } from './findings.ts'

/** Looks for the line that a head kept elsewhere names, in the lines of a ledger, one after another. Pure but for what it remembers. */
export function seekHead(asked: LedgerHead) {
  let hash: string | null = null
  let rebuilt: string | null = null
  return {
    enter(line: LedgerLine): void {
      // The sound ones come first.
      if (line.seq === asked.seq) hash ??= line.hash
      if (line.event === 'rebuilt')
        rebuilt = `It was started anew at ${line.time.replace(/\.\d+Z$/, 'Z')}${line.quarantine === null ? '' : `: the old one is .reconcile/quarantine/${line.quarantine}/ledger.jsonl`}.`
    },
    /** Throws nothing: a halt that is no damage of the ledger is the caller's. */
    end({ head, torn, isGarbled, halt }: LedgerEnd): {
      readonly found: HeadFound
      readonly findings: readonly Finding[]
    } {
      const broken = halt === null ? null : findingOfLedger(halt)
      const own = broken === null ? [] : [broken]
      if (head === null) {
        const gone: Finding = {
          code: 'ledger-missing',
          message: `there is no ledger, and there was one: the head is of its line ${asked.seq}`,
          hint: WHO,
        }
        return { found: 'missing', findings: broken === null ? [gone] : own }
      }
      if (head.seq >= asked.seq) {
        if (hash === asked.hash) return { found: 'held', findings: own }
        const other: Finding = {
          code: 'ledger-other',
          message: `its line ${asked.seq} has the hash ${hash?.slice(0, 8)}…, and the head ${asked.hash.slice(0, 8)}…: this is another ledger, or lines were rewritten`,
          hint: rebuilt ?? `Disks that take turns have a ledger each. ${WHO}`,
        }
        return { found: 'other', findings: [...own, other] }
      }
      if (broken !== null) return { found: 'damaged', findings: own }
      const at = `line ${head.seq + 1}`
      const edited: Finding = {
        code: 'ledger-edited',
        message: `${at} was changed after it was written`,
        hint: WHO,
      }
      if (isGarbled === true) return { found: 'damaged', findings: [edited] }
      const part = torn === 0 ? '' : ` and a part of ${at}`
      const cut: Finding = {
        code: 'ledger-cut',
        message: `it ends with line ${head.seq}${part}, and the head is of line ${asked.seq}: its end was cut off`,
        hint: rebuilt ?? WHO,
      }
      return { found: 'cut', findings: [cut] }
    },
  }
}

const WHO =
  'Find out who or what wrote there: a restored copy of the disk, a failing disk, a person. What the missing lines said of removals, releases and damage is only in a copy; the next pass adopts files that no line is about.'
