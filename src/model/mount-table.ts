/** One line of a table like /proc/self/mountinfo. */
export interface Mount {
  /** The mount point. */
  readonly target: string
  /** Major and minor number, `254:0`; the major of what is on no block device is 0. */
  readonly device: string
  /** Which folder of the file system shows there. */
  readonly root: string
  readonly type: string
  /** A device, a share, or whatever was given in its place. */
  readonly source: string
  /** Of the file system itself: `rw,uid=1000,umask=077`. */
  readonly options: string
}

/** The mount that an absolute, real path is on: of several at one place the last, which covers the others. Null: it is not such a table. */
export function mountOf(table: string, path: string): Mount | null {
  let found: Mount | null = null
  for (const mount of mounts(table)) {
    const holds = mount.target === '/' || path === mount.target || path.startsWith(`${mount.target}/`)
    if (holds && (found === null || mount.target.length >= found.target.length)) found = mount
  }
  return found
}

/** Whether there is a file system at exactly `path`; a waiting automounter is none. */
export function isMountPoint(table: string, path: string): boolean {
  const mount = mountOf(table, path)
  return mount?.target === path && mount.type !== 'autofs'
}

function* mounts(table: string): Generator<Mount> {
  for (const line of table.split('\n')) {
    const fields = line.split(' ')
    const dash = fields.indexOf('-', 6)
    if (fields.length < 7 || dash < 0) continue
    const [root, target] = [unescapeOctal(fields[3]!), unescapeOctal(fields[4]!)]
    yield {
      target,
      device: fields[2]!,
      root,
      type: fields[dash + 1] ?? '',
      source: unescapeOctal(fields[dash + 2] ?? ''),
      options: fields[dash + 3] ?? '',
    }
  }
}

// mountinfo writes space, tab, newline and backslash as \ooo, and all else as raw bytes.
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
