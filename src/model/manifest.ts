/** One line of a destination's manifest, `digest  size  path`: what `--diff` compares, now against after. */
export interface ManifestLine {
  /** md5 (or sha256), lower-case hex; null: not known yet. */
  readonly digest: string | null
  /** Bytes. */
  readonly size: number
  readonly path: string
}
