import { DAY } from '../../model/instant.ts'
import { dateOf } from '../retention/name-date.ts'
import { pointTimes } from '../retention/point-time.ts'

/** The zone of the dates in names. */
export interface ZoneGuess {
  readonly zone: string
  readonly ground: string
  readonly isSure: boolean
}

/**
 * By what names say beside when their files were written: a backup is written soon after the time in its name. `paths`: those that carry
 * a date.
 */
export function guessZone(
  paths: readonly string[],
  files: ReadonlyMap<string, { readonly mtime: number }>,
  box: string,
): ZoneGuess {
  const own = `the time zone of this machine`
  const known = paths.flatMap((path) => {
    const found = dateOf(path)
    return found === null || found.date === null ? [] : [{ ...found, date: found.date, path }]
  })
  const timed = known.filter(({ date }) => date[3] !== -1)
  if (timed.length > 0 && timed.every(({ offset }) => offset === 0))
    return { zone: 'UTC', ground: 'the times in the names end with Z or UTC', isSure: true }
  const all = timed.length * 2 >= known.length ? timed : known
  const share = (zone: string): number => {
    const timeOf = pointTimes(zone)
    const fits = all.filter(({ path, date }) => {
      const after = files.get(path)!.mtime * 1000 - timeOf(date)
      // A date alone stands for the end of its day.
      return date[3] === -1 ? after > -DAY && after <= 0 : after > -120_000 && after < 2_700_000
    })
    return fits.length / all.length
  }
  if (all.length < 3) return { zone: box, ground: own, isSure: false }
  const [here, utc] = [share(box), share('UTC')]
  const what = all === timed ? 'times' : 'days'
  const words = (zone: string) =>
    `the files were written at the ${what} in their names by the clock of ${zone}`
  if (here >= 0.8 && (utc < 0.5 || box === 'UTC')) return { zone: box, ground: words(box), isSure: true }
  if (utc >= 0.8 && here < 0.5) return { zone: 'UTC', ground: words('UTC'), isSure: true }
  const hours = here >= 0.5 || all !== timed ? null : wholeOffset(timed, files)
  if (hours === null) return { zone: box, ground: own, isSure: false }
  const zone = hours === 0 ? 'UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`
  const ground = `the times in the names are ${Math.abs(hours)} h ${hours > 0 ? 'ahead of' : 'behind'} UTC`
  return { zone, ground, isSure: false }
}

/** By how many whole hours the clock in the names is ahead of UTC; null: there is no such number. */
function wholeOffset(
  timed: readonly { readonly path: string; readonly date: Int32Array }[],
  files: ReadonlyMap<string, { readonly mtime: number }>,
): number | null {
  const timeOf = pointTimes('UTC')
  const ahead = timed
    .map(({ path, date }) => timeOf(date) - files.get(path)!.mtime * 1000)
    .sort((a, b) => a - b)
  const [low, high] = [0.1, 0.9].map((part) => ahead[Math.floor((ahead.length - 1) * part)]!)
  // Written within minutes of it: the smallest delay is the nearest to the whole hour.
  const hours = Math.round(high! / 3_600_000)
  const isNear = Math.abs(high! - hours * 3_600_000) < 1_200_000 && high! - low! < 2_700_000
  return isNear && Math.abs(hours) <= 12 ? hours : null
}
