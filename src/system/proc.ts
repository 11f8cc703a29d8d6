import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

// Of /proc. A process may end at any moment, or be another user's: what is not there to read reads as empty.

export function readText(path: string, encoding: 'latin1' | 'utf8' = 'latin1'): string {
  try {
    return readFileSync(path, encoding)
  } catch {
    return ''
  }
}

export function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

export function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
