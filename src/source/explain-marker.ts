import type { DigestKind } from '../model/digest.ts'
import { markerOf } from '../model/marker-name.ts'
import {
  CHECKSUMS,
  DIGITS,
  type FaultyMarker,
  lookOf,
  MARKER_LIMIT,
  type MarkerFault,
  type WrittenAs,
} from '../model/parse-marker.ts'
import { baseName, type RelPath } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { quote } from './quote.ts'

const WHY: Record<MarkerFault, string> = {
  'too-long': 'is longer than 4 KiB, so it is no marker',
  empty: 'is empty',
  'no-digest': 'holds no checksum in a form that md5sum -c reads',
  'other-name': 'is about a file of another name',
  'other-kind': 'holds a checksum of another kind than its suffix says',
  ambiguous: 'holds more than one checksum or line, and it is not clear which counts',
}

/** What it is instead, where its form is one that md5sum -c does not read. */
const FORMS: Partial<Record<WrittenAs, string>> = {
  html: 'is an HTML page or XML, such as an error page that was saved under its name',
  json: 'is JSON, not a line of checksum and name',
  gpg: 'is signed or encrypted by gpg, without a line of checksum and name in it',
  etag: 'is an ETag or HTTP header, which need not hold an MD5 of the file',
  base64: 'holds a checksum in base64, not in hexadecimal digits',
  binary: 'is binary, not a line of checksum and name',
  zeros: 'holds nothing but zero bytes, as after a crash',
  'utf-16': 'is written in UTF-16, as > and Out-File of Windows PowerShell do by default',
  certutil: 'is the output of certutil, which is not a line of checksum and name',
  'get-filehash': 'is the output of Get-FileHash, which is not a line of checksum and name',
}

/** Its file waits: only a marker that can be read finishes one. */
export function explainMarker(path: string, faulty: FaultyMarker): Problem {
  const { fault, writtenAs } = faulty
  const file = baseName(markerOf(path)?.data ?? path)
  return {
    code: `marker-${fault}`,
    path,
    message: `The marker ${quote(path)} ${whyFaulty(path, faulty)}.`,
    hint: `Write it again at the source, as the last step: ${commandFor(baseName(path), file, writtenAs)}`,
  }
}

/** What is wrong with it, as the end of a sentence. */
export function whyFaulty(path: string, faulty: FaultyMarker): string {
  const { fault, name, digits, writtenAs, lines = [], first } = faulty
  const { data, kind } = markerOf(path) ?? { data: path, kind: 'md5' }
  if (name !== undefined) return `is about ${quote(name)}, not ${quote(baseName(data))}${whichLines(lines)}`
  const form = writtenAs && FORMS[writtenAs]
  if (form !== undefined) return `${form}${firstLine(first)}`
  if (digits !== undefined) return `${describeDigits(digits, kind)}${whichLines(lines)}`
  if (fault === 'empty' && first !== undefined) return `holds nothing but comments${firstLine(first)}`
  return `${WHY[fault]}${fault === 'no-digest' ? firstLine(first) : whichLines(lines)}`
}

/** `; its first line reads: "…"`, so that people see what is there. */
function firstLine(first: FaultyMarker['first']): string {
  if (first === undefined) return ''
  return `; its ${first.number === 1 ? 'first line' : `line ${first.number}`} reads: ${quote(first.text, 60)}`
}

/** `: line 1 is about "a.tar", line 3 has no name`. */
function whichLines(lines: NonNullable<FaultyMarker['lines']>): string {
  const [only, ...others] = lines
  if (only === undefined) return ''
  if (others.length === 0) return ` (line ${only.number})`
  const each = lines.map(({ number, name }) => {
    return `line ${number} ${name === null ? 'has no name' : `is about ${quote(name)}`}`
  })
  return `: ${each.join(', ')}`
}

function describeDigits(digits: number, kind: DigestKind): string {
  const needed = `${CHECKSUMS[DIGITS[kind]]} with ${DIGITS[kind]}`
  const found = CHECKSUMS[digits]
  return found === undefined
    ? `holds ${digits} hexadecimal digits, not a checksum of ${needed}`
    : `holds a checksum of ${digits} digits, which is ${found} by its length, not ${needed}`
}

const ON_WINDOWS: ReadonlySet<WrittenAs> = new Set(['utf-16', 'certutil', 'get-filehash', 'windows'])

/** What writes a right one on the system that wrote this one. A name that a shell would take for more than a name is not put into it. */
function commandFor(marker: string, data: string, writtenAs: FaultyMarker['writtenAs']): string {
  const suffix = marker.slice(data.length)
  const [file, into] = /^\w[\w.+=@,-]*$/.test(marker) ? [data, marker] : ['FILE', `FILE${suffix}`]
  const isSha256 = /^\.sha256/i.test(suffix)
  if (writtenAs === undefined || !ON_WINDOWS.has(writtenAs))
    return `${isSha256 ? 'sha256' : 'md5'}${writtenAs === 'bsd' ? ' -r' : 'sum'} ${file} > ${into}`
  const digest = `(Get-FileHash -Algorithm ${isSha256 ? 'SHA256' : 'MD5'} '${file}').Hash`
  return `${digest} + '  ${file}' | Set-Content -Encoding ascii '${into}'`
}

export const sumsTooLong = (path: RelPath): Problem => ({
  code: 'sums-too-long',
  path,
  message: `The sums file ${quote(path)} is longer than 64 MiB, so it was not read.`,
  hint: 'Write one in each folder at the source, or a marker next to each file.',
})

/** A sums file that claims nothing of any file that is there. */
export function sumsWithout(path: RelPath, bytes: Uint8Array, checksum: DigestKind, others: number): Problem {
  const { writtenAs, first } = lookOf(bytes.subarray(0, MARKER_LIMIT))
  const form = writtenAs && FORMS[writtenAs]
  const other = checksum === 'md5' ? 'sha256' : 'md5'
  return {
    code: 'sums-fit-nothing',
    path,
    message:
      others > 0
        ? `The sums file ${quote(path)} holds ${other} sums, and the spec has checksum: ${checksum}.`
        : `The sums file ${quote(path)} ${form ?? (bytes.length === 0 ? 'is empty' : 'names no file that is there')}${firstLine(first)}.`,
    hint:
      others > 0
        ? `Set checksum: ${other} in the spec.`
        : `Write it again at the source, in its own folder, as the last step: ${checksum}sum FILE… > ${baseName(path)}`,
  }
}
