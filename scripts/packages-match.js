// Exit 0 where node_modules holds what package-lock.json asks for. npm writes its own record of an install last, so an
// install that was cut short never matches.
import { readFileSync } from 'node:fs'

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} Locked */

/** @param {string} file */
function packages(file) {
  try {
    const { packages } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))
    return new Map(
      /** @type {[string, Locked][]} */ (Object.entries(packages)).filter(([path]) => path !== ''),
    )
  } catch {
    return null
  }
}

const asked = packages('../package-lock.json')
const here = packages('../node_modules/.package-lock.json')

/** @param {[string, Locked]} entry */
function matches([path, want]) {
  const found = here?.get(path)
  // Built for another platform.
  if (found === undefined) return want.optional === true
  return found.version === want.version && found.integrity === want.integrity
}

process.exitCode =
  asked !== null &&
  here !== null &&
  [...asked].every(matches) &&
  [...here.keys()].every((path) => asked.has(path))
    ? 0
    : 1
