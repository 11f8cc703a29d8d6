import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Listing } from '../../src/model/listing.ts'
import { makeSourceBed, quietRun, type SourceBed } from '../helpers/source-bed.ts'

const raw = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A name as its bytes, and what comes of it: fetched like any other, or refused with this code. */
const NAMES: readonly (readonly [name: string | Buffer, verdict: string])[] = [
  // To a shell, to rsync, to ssh, to a filter or to a list these would mean something.
  ['-rf', 'fetched'],
  ['--delete', 'fetched'],
  ['-e sh', 'fetched'],
  ['#comment', 'fetched'],
  ['; touch pwned', 'fetched'],
  ['$(touch pwned)', 'fetched'],
  ['`touch pwned`', 'fetched'],
  ['| cat', 'fetched'],
  ['> out', 'fetched'],
  ['&& true', 'fetched'],
  ["quo'te", 'fetched'],
  ['quo"te', 'fetched'],
  ['*', 'fetched'],
  ['?', 'fetched'],
  ['[a-z]', 'fetched'],
  ['{a,b}', 'fetched'],
  ['~root', 'fetched'],
  ['host:file', 'fetched'],
  ['host::module', 'fetched'],
  ['rsync:', 'fetched'],
  ['back\\slash', 'fetched'],
  ['trailing\\', 'fetched'],
  ['\\#101', 'fetched'],
  ['%s%n%x', 'fetched'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a name, not a template
  ['${HOME}', 'fetched'],
  [' leading', 'fetched'],
  ['trailing ', 'fetched'],
  [' ', 'fetched'],
  ['...', 'fetched'],
  ['.hidden', 'fetched'],
  ['file -> target', 'fetched'],
  ['=3 a.tar', 'fetched'],
  ['skipping non-regular file "a"', 'fetched'],
  ['\u{1f4be} caf\u00e9', 'fetched'],
  ['日本語.tar', 'fetched'],
  ['n'.repeat(248), 'fetched'],
  // These hide, reorder or break what people and programs read.
  ['new\nline', 'name-control-character'],
  ['-rw-r--r-- 0 2026/01/01 00:00:00 x\n', 'name-control-character'],
  ['carriage\rreturn', 'name-control-character'],
  ['escape\u001b[2J', 'name-control-character'],
  ['tab\tbed', 'name-control-character'],
  ['bell\u0007\u007f', 'name-control-character'],
  ['\u202egnp.exe', 'name-control-character'],
  ['zero\u200bwidth', 'name-control-character'],
  ['line\u2028separator', 'name-control-character'],
  [raw('latin1 \xe9'), 'name-not-utf-8'],
  [raw('over\xc0\xaflong'), 'name-not-utf-8'],
  [raw('surro\xed\xa0\x80gate'), 'name-not-utf-8'],
  ['n'.repeat(249), 'name-too-long'],
  ['n'.repeat(255), 'name-too-long'],
  ['ü'.repeat(127), 'name-too-long'],
  ['.Reconcile', 'name-reserved'],
  ['.RECONCILE/id', 'name-reserved'],
  ['dump.tar', 'name-collision'],
  ['DUMP.tar', 'name-collision'],
  ['u\u0308ber', 'name-collision'],
  ['\u00fcber', 'name-collision'],
]

let bed: SourceBed
let listing: Listing
const pathOf = (name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bed.served}/`), Buffer.from(name)])

beforeAll(async () => {
  bed = await makeSourceBed('ssh')
  for (const [name] of NAMES) {
    await mkdir(dirname(pathOf(name).toString('latin1')), { recursive: true })
    await writeFile(pathOf(name), 'content')
  }
  listing = await bed.open().list(quietRun())
})
afterAll(() => bed.end())

test('I6: each hostile name is refused with a problem of its own, before any byte, and each odd one is listed', () => {
  expect(listing.completeness).toBe('complete')
  const fetched = NAMES.filter(([, verdict]) => verdict === 'fetched').map(([name]) => name)
  expect([...listing.files.keys()].sort()).toEqual([...fetched].sort())
  const refused = NAMES.filter(([, verdict]) => verdict !== 'fetched').map(([, verdict]) => verdict)
  expect(listing.problems.map(({ code }) => code).sort()).toEqual([...refused].sort())
  for (const { message, path } of listing.problems)
    expect(`${message}${path}`).toMatch(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u)
})

test('I6: the odd ones arrive under their own names, and nothing else is made', async () => {
  const report = await bed.pull(
    bed.open(),
    [...listing.files].map(([path, { size }]) => [path, size]),
  )
  expect(report).toMatchObject({ ended: 'done', failure: null, problems: [] })
  expect((await readdir(bed.staging)).sort()).toEqual([...listing.files.keys()].sort())
  for (const path of listing.files.keys())
    expect(await readFile(`${bed.staging}/${path}`, 'utf8')).toBe('content')
  expect((await readdir(bed.folder)).sort()).toEqual(['keys', 'lock', 'served', 'staging'])
})
