/** Guards over the specs as a whole. What was obeyed before stays in force under them, so a backup as such is not stopped by one. */
const OVER_SPECS: ReadonlySet<string> = new Set([
  'specs-gone',
  'specs-vanished',
  'history-rewritten',
  'defaults-gone',
])

export const isOverSpecs = (code: string): boolean => OVER_SPECS.has(code)

/** Faults for which a commit as a whole is not taken. */
const REFUSALS: ReadonlySet<string> = new Set(['commit-refused', 'commit-unsigned'])

export const isRefusal = (code: string): boolean => REFUSALS.has(code)
