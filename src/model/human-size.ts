const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const

/** Bytes for people: `512 B`, `1.4 GiB`, `912 GiB`. */
export function humanSize(bytes: number): string {
  const power = powerOf(bytes)
  return `${inUnit(bytes, power, Math.round)} ${UNITS[power]}`
}

/** `0.9 of 1.4 GiB`. The part is rounded down, so that nothing looks whole before it is. */
export function humanPart(done: number, total: number): string {
  const power = powerOf(total)
  if (done >= total) return `${inUnit(total, power, Math.round)} of ${humanSize(total)}`
  const part = inUnit(done, power, Math.floor)
  return done > 0 && Number(part) === 0
    ? `${humanSize(done)} of ${humanSize(total)}`
    : `${part} of ${humanSize(total)}`
}

/** Bytes a second: `25 KiB/s`. */
export const humanRate = (rate: number): string => `${humanSize(rate)}/s`

/** The unit in which `bytes`, once rounded, stays below 1024. */
function powerOf(bytes: number): number {
  let power = 0
  for (let rest = bytes; Math.round(rest) >= 1024 && power < UNITS.length - 1; rest /= 1024) power++
  return power
}

function inUnit(bytes: number, power: number, round: (value: number) => number): string {
  const value = bytes / 1024 ** power
  if (power === 0) return String(round(value))
  return value < 9.95 ? (round(value * 10) / 10).toFixed(1) : String(round(value))
}
