import { humanSize } from '../../model/human-size.ts'
import type { DestinationPlace } from '../../model/spec.ts'
import type { Halt } from '../../model/trouble.ts'

/** The halt that stops everything; null: there is none, or one that stops pulls alone. */
export const fullHalt = (halt: Halt | null): Halt | null =>
  halt === null || halt.code === 'min-free' || halt.code === 'max-size' ? null : halt

/** Stops pulls, never anything that makes room: `bytes` more would leave less than minFree, or more than maxSize. */
export function roomHalt(
  place: DestinationPlace,
  now: { readonly free: number | null; readonly used: number },
  bytes: number,
): Halt | null {
  if (bytes === 0) return null
  if (now.free !== null && now.free - bytes < place.minFree) {
    return {
      code: 'min-free',
      message: `${humanSize(bytes)} are to come, ${humanSize(now.free)} are free at ${place.path}, and destination.minFree keeps ${humanSize(place.minFree)} of them`,
      hint: 'Make room on the destination, lower destination.minFree, or select less. What fits is still pulled.',
    }
  }
  if (place.maxSize !== null && now.used + bytes > place.maxSize) {
    return {
      code: 'max-size',
      message: `${humanSize(bytes)} are to come, ${humanSize(now.used)} are held in ${place.path}, and destination.maxSize is ${humanSize(place.maxSize)}`,
      hint: 'Raise destination.maxSize in the spec, or select less. What fits is still pulled.',
    }
  }
  return null
}
