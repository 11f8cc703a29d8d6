/** One of the disks that take turns. What only it can say is as the last pass over it left it; null: not known. */
export interface DiskInTurn {
  readonly id: string
  /** Its UUID, else the source of its mount. */
  readonly filesystem: string
  readonly label: string | null
  readonly type: string | null
  /** Bytes. */
  readonly size: number | null
  readonly source: string | null
  readonly here: boolean
  /** When a pass over it last ended: a time, or the day. */
  readonly lastHere: string | null
  /** Of its newest complete point. */
  readonly newest: string | null
  /** What it holds is not known: it is away, and no pass has gone over it since disks take turns. */
  readonly known?: false
}
