import { distance } from 'fastest-levenshtein'
import { isZone } from '../../decide/time/zone.ts'

/** What is wrong with a time zone's name, in words that go on after it; or null. */
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
