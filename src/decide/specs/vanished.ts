/** What a folder of specs without a fault declared, as far as it matters for what is gone. */
export interface Declared {
  readonly backups: readonly { readonly name: string; readonly destination: string }[]
  /** Which files under all specs are there. */
  readonly shared: readonly SharedFile[]
}

/** What underlies every spec of a folder: where one was there and is gone, the specs may mean something else. */
const SHARED_FILES = [
  { file: '_defaults.yaml', code: 'defaults-gone', effect: 'every spec may mean something else now' },
  { file: '_hosts.yaml', code: 'hosts-gone', effect: 'every host may be another machine now' },
] as const

export type SharedFile = (typeof SHARED_FILES)[number]['file']

export const isSharedFileGone = (code: string): boolean => SHARED_FILES.some((one) => one.code === code)

/** `folder`: in messages; '' or a path that ends with `/`. */
export const goneShared = (
  before: readonly string[],
  after: readonly string[],
  folder: string,
): readonly { readonly file: SharedFile; readonly code: string; readonly message: string }[] =>
  SHARED_FILES.filter(({ file }) => before.includes(file) && !after.includes(file)).map(
    ({ file, code, effect }) => ({
      file,
      code,
      message: `${folder}${file} was there before and is gone: ${effect}`,
    }),
  )

/**
 * What is gone at once and is more likely a mishap than meant: more than half of the specs, or a file under all of them. A
 * backup that only has another name, or another place in the folder, is not gone: its destination shows that.
 */
export function vanishedSpecs(
  before: Declared,
  after: Declared,
): readonly { readonly code: string; readonly message: string }[] {
  const names = new Set(after.backups.map(({ name }) => name))
  const destinations = new Set(after.backups.map(({ destination }) => destination))
  const gone = before.backups.filter(
    ({ name, destination }) => !names.has(name) && !destinations.has(destination),
  )
  const vanished = goneShared(before.shared, after.shared, '').map(({ code, message }) => ({ code, message }))
  if (gone.length * 2 > before.backups.length) {
    const some = gone.slice(0, SHOWN).map(({ name }) => name)
    const more = gone.length > SHOWN ? ` and ${gone.length - SHOWN} more` : ''
    vanished.unshift({
      code: 'specs-vanished',
      message: `${gone.length} of ${before.backups.length} specs are gone at once: ${some.join(', ')}${more}`,
    })
  }
  return vanished
}

const SHOWN = 5
