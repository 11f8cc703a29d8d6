import { Cron } from 'croner'
import { distance } from 'fastest-levenshtein'
import picomatch from 'picomatch'
import { anyOf, repeatsBesideOthers } from '../../decide/files/select.ts'
import { isZone } from '../../decide/time/zone.ts'
import { isSidecar, isSumsFile } from '../../model/marker-name.ts'
import { baseName } from '../../model/rel-path.ts'

/** Some leap day comes within eight years, also around a year that has none by the calendar's rule. */
const FROM = new Date('2024-01-01T00:00:00Z')

/** What is wrong with five fields in cron's language, as the end of a sentence that begins with them; null: nothing. */
export function cronFault(cron: string): string | null {
  const text = cron.trim()
  const fields = text.split(/\s+/)
  if (text.startsWith('@')) return 'is a nickname: write five fields, such as "0 0 * * *"'
  if (fields.length === 6) return 'has six fields: seconds are not read, write five'
  if (fields.length !== 5) {
    return `has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}, not five: minute, hour, day of the month, month, day of the week`
  }
  try {
    const never = new Cron(text, { paused: true, mode: '5-part', timezone: 'UTC' }).nextRun(FROM) === null
    return never ? 'is at no time at all' : null
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return `is no timetable: ${why.replace(/^CronPattern: /, '').replace(/^./, (letter) => letter.toLowerCase())}`
  }
}

const MOST_REPEATS = 3

/** The same of a selection's glob. */
export function globFault(glob: string): string | null {
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(glob)) return 'holds a control or invisible character'
  if (glob.startsWith('!')) return 'begins with "!": write it without, under the other of include and exclude'
  if (glob.startsWith('/')) return 'begins with "/": paths are relative to the source\'s folder'
  if (glob.startsWith('./')) return 'begins with "./": write it without'
  if (glob.endsWith('/')) return `names a folder: write ${glob}**`
  if (glob.split('/').includes('..')) return 'holds ".."'
  // Repetition of repetition takes exponential time on names that a source may choose.
  if (/[+*]\([^)]*[+*]/.test(glob)) return 'repeats a repetition'
  if (repeatsBesideOthers(glob) > MOST_REPEATS)
    return `has more than ${MOST_REPEATS} stars beside other signs, which takes too long on long names: write several globs, or name more of the text`
  try {
    const pattern = picomatch.makeRe(glob, { strictBrackets: true })
    // picomatch's way to say that a pattern is no valid one.
    return pattern.source === '$^' ? 'can match no name' : null
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return `is no glob: ${why.charAt(0).toLowerCase()}${why.slice(1)}`
  }
}

/** Data as its names usually are. */
const DATA = [
  ...['backup', 'backup.tar', 'db.dump', 'vm.img', 'photos.zip', 'db-2026-11-29.sql', 'db-2026-11-29.tar.gz'],
  ...['web_20261129.tgz', 'vzdump-qemu-101.vma.zst', 'db.sql.xz', 'home.7z'],
]

/** The same of the name of sums files, which are never data. `include`: what the spec selects. */
export function sumsFault(glob: string, include: readonly string[]): string | null {
  const fault = globFault(glob)
  if (fault !== null) return fault
  if (/^\.+$/.test(glob)) return 'is no name of a file'
  // A name alone fits no other file.
  if (!/[*?[{(]/.test(glob)) return null
  const selected = include
    .filter((one) => !/[[\](){}!+@]/.test(one))
    .map((one) => baseName(one.replace(/\*+|\?/g, 'x')))
    .filter((name) => !isSidecar(name) && !isSumsFile(name))
  const swallowed = [...selected, ...DATA].find(anyOf([glob]))
  return swallowed === undefined
    ? null
    : `fits data too, such as ${swallowed}, and what it fits is never pulled`
}

/** The same of a time zone's name. */
export function zoneFault(name: string): string | null {
  if (/^(?:UTC|GMT)?[+-][0-9]/i.test(name)) {
    return 'is an offset: write the zone of a place, such as Europe/Oslo, which knows summer time, or UTC'
  }
  if (isZone(name)) return null
  const near = nearZone(name)
  return near === null
    ? 'is no time zone: write an IANA name such as Europe/Oslo, or UTC'
    : `is no time zone: did you mean ${near}?`
}

function nearZone(name: string): string | null {
  const asked = squeeze(name)
  const city = (zone: string) => zone.slice(zone.lastIndexOf('/') + 1)
  const found = ['UTC', ...Intl.supportedValuesOf('timeZone')]
    .map((zone) => ({
      zone,
      far: Math.min(distance(asked, squeeze(zone)), distance(asked, squeeze(city(zone)))),
    }))
    .sort((a, b) => a.far - b.far)[0]
  return found !== undefined && found.far <= Math.floor(asked.length / 4) ? found.zone : null
}

const squeeze = (zone: string): string => zone.toLowerCase().replace(/[ _-]/g, '')
