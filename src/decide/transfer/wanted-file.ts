import type { Digest } from '../../model/digest.ts'
import { markerPath } from '../../model/marker-name.ts'
import type { Observation } from '../../model/observation.ts'
import type { BackupPlan } from '../../model/plan.ts'
import type { PublishRequest } from '../../model/ports.ts'
import type { RelPath } from '../../model/rel-path.ts'
import type { MarkerClaim, Voucher } from '../../model/source-file.ts'
import { isTransfer } from '../plan/backup.ts'
import { type BatchItem, inLine } from './batches.ts'

/** A file that a plan wants brought over the line and published. */
export interface WantedFile extends BatchItem {
  readonly from: RelPath
  /** Seconds since 1970, as the source lists it. */
  readonly mtime: number
  readonly digest: Digest
  readonly claim: MarkerClaim
  readonly vouched: Voucher | undefined
  readonly marker: { readonly path: RelPath; readonly text: string }
  readonly markerMtime: number
  readonly over: PublishRequest['over']
  /** The held file's bytes are a start for the transfer. */
  readonly basis: boolean
}

/** The transfers of a plan with all that is needed to make them. */
export function wantedFiles(plan: BackupPlan, { source, destination }: Observation): readonly WantedFile[] {
  const wanted: WantedFile[] = []
  for (const step of plan.steps) {
    if (!isTransfer(step)) continue
    const path = step.path as RelPath
    const file = source.files.get(path)
    // A claim that is only remembered belongs to a file that is published and whole: no plan brings such a one.
    if (file?.listed == null || file.marker.state !== 'claimed' || file.marker.text === null) {
      throw new Error(`the plan brings ${path}, and no marker was read for it`)
    }
    const { digest, text } = file.marker
    const claim = file.marker
    const held = destination.files.get(path)
    const line = inLine(step, { source, destination })
    const { stagedBytes, from } = line
    const seen = destination.seen.get(from)
    const basis = held !== undefined && stagedBytes === 0
    // More bytes than the file has are another file's too; an append would leave them as they are for ever.
    const otherBytes =
      stagedBytes > file.listed.size ||
      (stagedBytes > 0 && seen?.stagedFor != null && seen.stagedFor !== digest)
    // Held bytes that are as long as they should be, and wrong, have to be compared block by block.
    const wrongBasis = basis && (step.action === 'repair' || held.size >= file.listed.size)
    wanted.push({
      ...line,
      size: file.listed.size,
      mode: otherBytes || wrongBasis ? 'mend' : 'append',
      mtime: file.listed.mtime,
      digest,
      claim,
      vouched: claim.by,
      marker: { path: markerPath(path, claim), text },
      markerMtime: claim.mtime,
      over: step.action === 'repair' ? 'repair' : held === undefined ? 'new' : 'unmarked',
      basis,
    })
  }
  return wanted
}
