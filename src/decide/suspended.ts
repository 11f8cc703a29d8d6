import type { Instant } from '../model/instant.ts'
import type { Spec, Suspension } from '../model/spec.ts'

/** What keeps a backup from running now; null: nothing does. What its spec says wins over what a person told the box. */
export const suspensionOf = (spec: Spec, stored: Suspension | null, now: Instant): Suspension | null =>
  [spec.suspend, stored].find((one) => one !== null && (one.until === null || now < one.until)) ?? null
