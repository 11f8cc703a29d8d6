import type { Instant } from '../../model/instant.ts'
import { type Claim, joined } from './conditions.ts'
import { lateSeries, type SeriesView } from './series.ts'

/** Whether all that is expected is here in time. Where one series is late, since when the first of them is. */
export function freshClaim(views: readonly SeriesView[]): Claim {
  const late = views.filter((view) => view.late !== null)
  if (late.length > 0) {
    const since = late.reduce<Instant | null>(
      (first, { lateAfter }) =>
        lateAfter === null || (first !== null && first <= lateAfter) ? first : lateAfter,
      null,
    )
    const message = joined(lateSeries(late).map((one) => one.message))
    const claim = { type: 'Fresh', status: 'false', reason: 'late', message } as const
    return since === null ? claim : { ...claim, since }
  }
  const expected = views.filter(({ status }) => status.expect !== null)
  if (expected.length === 0)
    return unknown('nothing-expected', 'the spec does not say how often new points should come')
  // Nothing that was never here is fresh, also while none is due.
  const open = expected.filter(
    ({ status }) => status.state === 'unknown' || (status.newest === null && status.state !== 'ended'),
  )
  if (open.length > 0) {
    const names = open.map(({ status }) => `${status.series}: none`)
    return unknown('no-point-yet', `${joined(names)} has come yet, and none is late`)
  }
  return { type: 'Fresh', status: 'true', reason: 'fresh', message: '' }
}

const unknown = (reason: string, message: string): Claim => ({
  type: 'Fresh',
  status: 'unknown',
  reason,
  message,
})
