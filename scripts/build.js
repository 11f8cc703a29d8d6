// Compiles src into dist. Files that are the same stay untouched, so that a build does not pull the floor from under a
// process that runs from dist; files that earlier builds left behind go.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')
const stamp = join(dist, '.built')

/** @param {string} folder */
const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file)
  } catch {
    return null
  }
}

mkdirSync(dist, { recursive: true })
// Stamped before the sources are read: what changes meanwhile is newer.
const began = new Date()
const fresh = mkdtempSync(join(dist, '.fresh-'))
try {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  // What has type errors is built all the same, for whoever is in the middle of something; it is never stamped as current.
  const made = new Set(filesBelow(fresh))
  for (const file of made) {
    const to = join(dist, file)
    if (read(join(fresh, file))?.equals(read(to) ?? Buffer.from([0])) === true) continue
    mkdirSync(dirname(to), { recursive: true })
    if (file === 'cli.js') chmodSync(join(fresh, file), 0o755)
    renameSync(join(fresh, file), to)
  }
  if (status === 0) {
    for (const file of filesBelow(dist)) {
      if (!made.has(file) && !file.startsWith('.')) rmSync(join(dist, file))
    }
    writeFileSync(stamp, `${began.toISOString()}\n`)
    utimesSync(stamp, began, began)
  } else {
    process.exitCode = status ?? 1
  }
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
