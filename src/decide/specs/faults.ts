import type { Diagnostic } from '../../model/trouble.ts'

/**
 * The errors that keep a backup's spec from counting: those of the files that declare it, else those of `_defaults.yaml` and `_hosts.yaml` under them, else
 * all: a commit counts as a whole.
 */
export function specFaults(files: readonly string[], faults: readonly Diagnostic[]): readonly Diagnostic[] {
  const errors = faults.filter(({ severity }) => severity === 'error')
  const own = errors.filter(({ file }) => files.includes(file))
  if (own.length > 0) return own
  const under = errors.filter(({ file }) => isUnderAll(file))
  return under.length > 0 ? under : errors
}

/** Names of backups that are declared but faulty, each once. */
export const faultyNames = ({
  faulty,
}: {
  readonly faulty: readonly { readonly name: string }[]
}): readonly string[] => [...new Set(faulty.map(({ name }) => name))]

/** `_defaults.yaml`, `_hosts.yaml`: no backup's own. */
export const isUnderAll = (file: string): boolean => /(?:^|\/)_(?:defaults|hosts)\.ya?ml$/.test(file)
