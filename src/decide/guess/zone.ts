import { DAY } from '../../model/instant.ts'
import { dateOf } from '../retention/name-date.ts'
import { pointTimes } from '../retention/point-time.ts'

/** The zone of the dates in names. */
export interface ZoneGuess {
  readonly zone: string
  readonly ground: string
  /** What names and times show, rather than a choice. */
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
  const own = 'the time zone of this machine'
  const known = paths.flatMap((path) => {
    const found = dateOf(path)
    return found === null || found.date === null ? [] : [{ ...found, date: found.date, path }]
  })
  const timed = known.filter(({ date }) => date[3] !== -1)
  if (timed.length > 0 && timed.every(({ offset }) => offset === 0))
    return { zone: 'UTC', ground: 'the times in the names end with Z or UTC', isSure: true }
  const all = timed.length * 2 >= known.length ? timed : known
  const delays = (of: typeof all, zone: string): readonly number[] => {
    const timeOf = pointTimes(zone)
    return of.map(({ path, date }) => files.get(path)!.mtime * 1000 - timeOf(date))
  }
  const share = (zone: string): number => {
    // A date alone stands for the end of its day.
    const fits = delays(all, zone).filter((after, i) =>
      all[i]!.date[3] === -1 ? after > -DAY && after <= 0 : after > -120_000 && after < 2_700_000,
    )
    return fits.length / all.length
  }
  if (all.length < 3) return { zone: box, ground: own, isSure: false }
  const [here, utc] = [share(box), share('UTC')]
  const what = all === timed ? 'times' : 'days'
  const words = (zone: string) => `the ${what} in names match the modification times in ${zone}`
  if (here >= 0.8 && (utc < 0.5 || box === 'UTC')) return { zone: box, ground: words(box), isSure: true }
  if (utc >= 0.8 && here < 0.5) return { zone: 'UTC', ground: words('UTC'), isSure: true }
  const hours = here >= 0.5 || all !== timed ? null : wholeOffset((zone) => delays(timed, zone), box)
  if (hours === null) return { zone: box, ground: own, isSure: false }
  const zone = hours === 0 ? 'UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`
  const ground = `the times in the names are ${Math.abs(hours)} h ${hours > 0 ? 'ahead of' : 'behind'} UTC`
  return { zone, ground, isSure: false }
}

/** By how many whole hours the clock in the names is ahead of UTC; null: there is no such number, or this box's zone may do as well. */
function wholeOffset(delaysIn: (zone: string) => readonly number[], box: string): number | null {
  const delays = (zone: string): ((part: number) => number) => {
    const sorted = delaysIn(zone).toSorted((a, b) => a - b)
    return (part) => sorted[Math.floor((sorted.length - 1) * part)]!
  }
  // A job of a few hours explains as much.
  const here = delays(box)(0.5)
  if (here >= 0 && here < 3 * HOUR) return null
  const utc = delays('UTC')
  // The smallest delay, of minutes, is the nearest to the whole hour.
  const hours = -Math.round(utc(0.1) / HOUR)
  const isNear = Math.abs(utc(0.1) + hours * HOUR) < HOUR / 3 && utc(0.9) - utc(0.1) < 0.75 * HOUR
  return isNear && Math.abs(hours) <= 12 ? hours : null
}

const HOUR = 3_600_000
