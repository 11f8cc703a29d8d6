const MEANINGS: Readonly<Record<number, string>> = {
  0: 'fine',
  1: 'a step failed, something is late, or nothing was found to back up',
  2: 'changes are pending',
  3: 'a spec or a setting is invalid',
  4: 'the plan is stale',
  5: 'another run holds the destination',
  6: 'a conflict, a failed checksum, rot, loss or a damaged ledger: a person must look',
  7: 'halted or held: a person must decide',
  64: 'called the wrong way, or something it needs is missing',
  70: 'a bug in reconcile',
  130: 'interrupted',
  143: 'terminated',
}

/** What an exit code tells a person. */
export const exitMeaning = (code: number): string => MEANINGS[code] ?? 'unknown'
