import type { DigestKind } from '../model/digest.ts'
import { markerOf } from '../model/marker-name.ts'
import { CHECKSUMS, DIGITS, type FaultyMarker, type MarkerFault } from '../model/parse-marker.ts'
import { baseName } from '../model/rel-path.ts'
import type { Problem } from '../model/trouble.ts'
import { quote } from './quote.ts'

const WHY: Record<MarkerFault, string> = {
  'too-long': 'is longer than 4 KiB, so it is no marker',
  empty: 'is empty',
  'no-digest': 'holds no checksum in a form that md5sum -c reads',
  'other-name': 'is about a file of another name',
  'other-kind': 'holds a checksum of another kind than its suffix says',
  ambiguous: 'holds more than one checksum or line, so it is not clear which counts',
}

/** What it is instead, where its form is one that md5sum -c does not read. */
const FORMS: Partial<Record<NonNullable<FaultyMarker['writtenAs']>, string>> = {
  html: 'is an HTML page, such as an error page that was saved under its name',
  zeros: 'holds nothing but zero bytes, as after a crash',
  'utf-16': 'is written in UTF-16, as > and Out-File of Windows PowerShell do by default',
  certutil: 'is the output of certutil, which is not a line of checksum and name',
  'get-filehash': 'is the output of Get-FileHash, which is not a line of checksum and name',
}

/** Its file waits: only a marker that can be read finishes one. */
export function explainMarker(path: string, { fault, name, digits, writtenAs }: FaultyMarker): Problem {
  const { data, kind } = markerOf(path) ?? { data: path, kind: 'md5' }
  const form = writtenAs === undefined ? undefined : FORMS[writtenAs]
  const file = baseName(data)
  const why =
    name !== undefined
      ? `is about ${quote(name)}, not ${quote(file)}`
      : (form ?? (digits === undefined ? WHY[fault] : describeDigits(digits, kind)))
  return {
    code: `marker-${fault}`,
    path,
    message: `The marker ${quote(path)} ${why}.`,
    hint: `Write it again at the source, as the last step: ${commandFor(baseName(path), file, writtenAs)}`,
  }
}

function describeDigits(digits: number, kind: DigestKind): string {
  const needed = `${CHECKSUMS[DIGITS[kind]]} with ${DIGITS[kind]}`
  const found = CHECKSUMS[digits]
  return found === undefined
    ? `holds ${digits} hexadecimal digits, not a checksum of ${needed}`
    : `holds a checksum of ${digits} digits, which is ${found} by its length, not ${needed}`
}

/** What writes a right one on the system that wrote this one. A name that a shell would take for more than a name is not put into it. */
function commandFor(marker: string, data: string, writtenAs: FaultyMarker['writtenAs']): string {
  const suffix = marker.slice(data.length)
  const [file, into] = /^\w[\w.+=@,-]*$/.test(marker) ? [data, marker] : ['FILE', `FILE${suffix}`]
  const isSha256 = /^\.sha256/i.test(suffix)
  if (writtenAs === undefined || ['html', 'zeros'].includes(writtenAs))
    return `${isSha256 ? 'sha256sum' : 'md5sum'} ${file} > ${into}`
  if (writtenAs === 'bsd') return `${isSha256 ? 'sha256' : 'md5'} -r ${file} > ${into}`
  const digest = `(Get-FileHash -Algorithm ${isSha256 ? 'SHA256' : 'MD5'} '${file}').Hash`
  return `${digest} + '  ${file}' | Set-Content -Encoding ascii '${into}'`
}
