import { promises } from 'node:fs'
import type { Halt } from '../model/trouble.ts'

/** A halt unless `path` is, at this moment, exactly a mount point; null: it is, or none was asked for. */
export async function checkMount(path: string | null): Promise<Halt | null> {
  if (path === null) return null
  // Wakes an automounter; what is really there is told by the table alone.
  await promises.readdir(path).catch(() => null)
  const table = await promises.readFile('/proc/self/mountinfo', 'utf8').catch(() => null)
  if (table === null) {
    return {
      code: 'mount-unknown',
      message: `cannot tell whether ${path} is mounted: /proc/self/mountinfo cannot be read`,
      hint: 'Mount /proc.',
    }
  }
  if (isMountPoint(table, path)) return null
  return {
    code: 'not-mounted',
    message: `nothing is mounted at ${path}`,
    hint: `Mount the disk (mount ${path}), or mend \`destination.mount\` in the spec: it names the mount point itself, not a folder in it.`,
  }
}

/** Whether a table like /proc/self/mountinfo has a file system at exactly `path`; a waiting automounter is none. */
export function isMountPoint(table: string, path: string): boolean {
  let mounted = false
  for (const line of table.split('\n')) {
    const fields = line.split(' ')
    if (fields.length < 7 || unescapeOctal(fields[4]!) !== path) continue
    mounted = fields[fields.indexOf('-', 6) + 1] !== 'autofs'
  }
  return mounted
}

// mountinfo writes space, tab, newline and backslash as \ooo, and all else as raw bytes.
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
