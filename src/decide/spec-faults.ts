import type { Diagnostic } from '../model/trouble.ts'

/** The errors that keep a backup's spec from counting: those of the files that declare it, else those of the defaults under them. */
export function specFaults(files: readonly string[], faults: readonly Diagnostic[]): readonly Diagnostic[] {
  const errors = faults.filter(({ severity }) => severity === 'error')
  const own = errors.filter(({ file }) => files.includes(file))
  return own.length > 0 ? own : errors.filter(({ file }) => isDefaults(file))
}

const isDefaults = (file: string): boolean => /(?:^|\/)_defaults\.ya?ml$/.test(file)
