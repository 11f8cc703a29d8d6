import type { FileEvent } from '../../model/ledger-event.ts'
import type { PublishRequest } from '../../model/ports.ts'
import { baseName } from '../../model/rel-path.ts'

type Facts = Pick<
  PublishRequest,
  'path' | 'size' | 'digests' | 'mtime' | 'markerMtime' | 'vouched' | 'anomalies' | 'planId' | 'revision'
> & {
  readonly from?: string | undefined
  readonly marker: { readonly path: string; readonly text: string }
}

/** The ledger's line for a file that is in place, marked and durable. */
export const fileEvent = (event: FileEvent['event'], of: Facts): FileEvent => ({
  event,
  path: of.path,
  ...(of.from === undefined || of.from === of.path ? {} : { from: of.from }),
  size: of.size,
  md5: of.digests.md5,
  sha256: of.digests.sha256,
  marker: { name: baseName(of.marker.path), text: of.marker.text },
  mtime: of.mtime,
  markerMtime: of.markerMtime,
  ...(of.vouched === undefined ? {} : { vouched: of.vouched }),
  ...(of.anomalies === undefined ? {} : { anomalies: of.anomalies }),
  revision: of.revision,
  planId: of.planId,
})
