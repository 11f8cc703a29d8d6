// Compiles src into dist, and puts the program, with the libraries it uses, into a few files beside its modules: dist/cli.js and
// dist/chunks start in half the time of five hundred modules read one by one, and need no node_modules. Files that are the same stay
// untouched, so that a build does not pull the floor from under a process that runs from dist; files that earlier builds left
// behind go.
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
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { rolldown } from 'rolldown'

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

/**
 * The validators of the schemas, compiled, in the place of the module that would do so at each start.
 * @param {string} folder
 */
async function compileSchemas(folder) {
  const module = join(folder, 'specs', 'yaml', 'shape-validators.js')
  const { AJV_OPTIONS } = await import(pathToFileURL(module).href)
  const ajv = new Ajv({ ...AJV_OPTIONS, code: { source: true, esm: true } })
  const names = ['backup', 'hosts', 'config']
  for (const name of names)
    ajv.addSchema(JSON.parse(readFileSync(join(root, 'schemas', `${name}.schema.json`), 'utf8')), name)
  const code = standalone.default(ajv, Object.fromEntries(names.map((name) => [name, name])))
  // ajv writes a module that asks for its few helpers as if it was none.
  const imported = code.replace(
    /const (\w+) = require\("([^"]+)"\)\.default/g,
    'import $1Of from "$2.js";const $1 = $1Of.default',
  )
  if (/\brequire\(/.test(imported))
    throw new Error('a helper of ajv is asked for in a way that is not known here')
  writeFileSync(module, `${imported}\nexport const validatorOf = (name) => ({ ${names.join(', ')} })[name]\n`)
}

/**
 * The program and its hashing thread, each in one file and what they share or load later in chunks.
 * @param {string} folder
 */
async function bundle(folder) {
  const build = await rolldown({
    // Named in comments: the folder of one build would make all of them differ.
    cwd: folder,
    input: {
      cli: join(folder, 'cli.js'),
      'destination/hash-worker': join(folder, 'destination', 'hash-worker.js'),
    },
    platform: 'node',
  })
  const { output } = await build.write({
    dir: folder,
    // Names that stay, of files and in them: what runs finds what it loads later, or fails, and takes nothing for something else.
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    minifyInternalExports: false,
  })
  await build.close()
  const packageOf = /** @param {string} path */ (path) =>
    /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? ''
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))
  // The bundler's own helpers are in it, too.
  const libraries = new Set([...modules, fileURLToPath(import.meta.resolve('rolldown'))].map(packageOf))
  libraries.delete('')
  writeFileSync(
    join(folder, 'LICENSES.txt'),
    [...libraries]
      .sort()
      .map(licenseOf)
      .join(`\n${'-'.repeat(80)}\n\n`),
  )
}

/**
 * What the authors of a library ask to be told beside every copy of it.
 * @param {string} folder
 */
function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
  return [
    `${name} ${version} (${license})\n`,
    ...texts.map((file) => readFileSync(join(folder, file), 'utf8')),
  ].join('\n')
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
  await compileSchemas(fresh)
  await bundle(fresh)
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
