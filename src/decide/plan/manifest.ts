import type { Observation } from '../../model/observation.ts'
import { comparePaths } from '../../model/rel-path.ts'
import type { Spec } from '../../model/spec.ts'
import { heldSelectorOf } from '../files/dated-name.ts'

/** What the destination holds complete: every selected file with its marker, sorted by path. */
export function manifest(spec: Spec, { destination }: Observation): readonly ManifestLine[] {
  const wanted = heldSelectorOf(spec, destination.records)
  const lines: ManifestLine[] = []
  for (const [path, held] of destination.files) {
    if (held.marker === null || !wanted(path)) continue
    const digest = destination.records.get(path)?.[spec.checksum] ?? held.marker.digest
    lines.push({ digest, size: held.size, path })
  }
  return lines.sort((a, b) => comparePaths(a.path, b.path))
}

/** One line of a destination's manifest, `digest  size  path`: what `--diff` compares, now against after. */
export interface ManifestLine {
  /** md5 (or sha256), lower-case hex; null: not known yet. */
  readonly digest: string | null
  /** Bytes. */
  readonly size: number
  readonly path: string
}
