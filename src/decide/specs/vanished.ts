/** What a folder of specs without a fault declared, as far as it matters for what is gone. */
export interface Declared {
  readonly backups: readonly { readonly name: string; readonly destination: string }[]
  /** Whether `_defaults.yaml` is there. */
  readonly defaults: boolean
}

export interface Vanished {
  readonly code: 'specs-vanished' | 'defaults-gone'
  readonly message: string
}

/**
 * What is gone at once and is more likely a mishap than meant: more than half of the specs, or the defaults under all of them. A
 * backup that only has another name, or another place in the folder, is not gone: its destination shows that.
 */
export function vanishedSpecs(before: Declared, after: Declared): readonly Vanished[] {
  const names = new Set(after.backups.map(({ name }) => name))
  const destinations = new Set(after.backups.map(({ destination }) => destination))
  const gone = before.backups.filter(
    ({ name, destination }) => !names.has(name) && !destinations.has(destination),
  )
  const vanished: Vanished[] = []
  if (gone.length * 2 > before.backups.length) {
    const some = gone.slice(0, SHOWN).map(({ name }) => name)
    const more = gone.length > SHOWN ? ` and ${gone.length - SHOWN} more` : ''
    vanished.push({
      code: 'specs-vanished',
      message: `${gone.length} of ${before.backups.length} specs are gone at once: ${some.join(', ')}${more}`,
    })
  }
  if (before.defaults && !after.defaults)
    vanished.push({
      code: 'defaults-gone',
      message: '_defaults.yaml was there before and is gone: every spec may mean something else now',
    })
  return vanished
}

const SHOWN = 5
