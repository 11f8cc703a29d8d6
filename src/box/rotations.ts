import type { Box, KnownDisk, Rotation } from '../model/box.ts'
import {
  type Check,
  type Checked,
  count,
  list,
  millis,
  moment,
  nullable,
  object,
  record,
  text,
} from '../model/check-json.ts'
import { parseStatus } from '../model/parse-status.ts'
import type { DestinationStatus } from '../model/status.ts'
import { RELEASE, type Release } from '../model/trouble.ts'
import { stateFile } from './state-file.ts'

/** As it was last left at one path, whatever the disks are called by now. */
const left = object({
  /** Null: none. */
  current: nullable(text),
  clock: nullable(millis),
  policy: nullable(object({ policy: text, points: count })),
  disks: record(
    object({
      status: ((value, at) =>
        parseStatus(value) === null ? `${at} is no status` : null) as Check<DestinationStatus>,
      series: list(object({ series: text, newest: nullable(moment), points: count })),
    }),
  ),
})
type Left = Checked<typeof left>

const rotations = object({
  rotations: record(left),
  forgotten: list(object({ id: text, ...RELEASE })),
})
type Rotations = Checked<typeof rotations>

type Memory = Pick<Box, 'noteTurn' | 'noteAway'> & {
  /** What was left at this path on the disks that are known there. */
  read(path: string, known: readonly Omit<KnownDisk, 'status' | 'series'>[]): Promise<Rotation>
  /** No disks take turns at this path any more. */
  end(path: string): Promise<void>
  /** Of this disk, wherever it was. */
  forget(id: string, why: Release): Promise<void>
}

/** What passes leave to know of disks that take turns: `state/rotations.json`. */
export function openRotations(stateFolder: string): Memory {
  const file = stateFile(stateFolder, 'rotations', { rotations: {}, forgotten: [] }, rotations)
  const at = ({ rotations }: Rotations, path: string): Left | undefined =>
    Object.hasOwn(rotations, path) ? rotations[path] : undefined
  const change = (path: string, to: (before: Left | undefined) => Left | undefined) =>
    file.change((all) => {
      const { [path]: _, ...others } = all.rotations
      const after = to(at(all, path))
      return { ...all, rotations: after === undefined ? others : { ...others, [path]: after } }
    })
  return {
    async read(path, known) {
      const before = at(await file.read(), path)
      const disks = known.map((disk): KnownDisk => {
        const of =
          before !== undefined && Object.hasOwn(before.disks, disk.id) ? before.disks[disk.id] : undefined
        return { ...disk, status: of === undefined ? null : parseStatus(of.status), series: of?.series ?? [] }
      })
      if (before === undefined) return { disks, policy: null, clock: null }
      const { current, policy, clock } = before
      return { disks, current, policy, clock }
    },
    noteTurn: (path, id, { status, series, look }) =>
      change(path, (before = NOTHING) => ({
        ...before,
        ...(look === null ? {} : { ...look, current: id }),
        disks: {
          ...before.disks,
          [id]: { status, series: series ?? before.disks[id]?.series ?? [] },
        },
      })),
    noteAway: (path, clock) =>
      change(path, (before) => before && { ...before, current: null, clock: clock ?? before.clock }),
    end: (path) => change(path, () => undefined),
    forget: (id, why) =>
      file.change(({ rotations, forgotten }) => ({
        forgotten: [...forgotten, { id, ...why }],
        rotations: Object.fromEntries(
          Object.entries(rotations).map(([path, { disks, ...rest }]) => {
            const { [id]: _, ...others } = disks
            return [path, { ...rest, disks: others }]
          }),
        ),
      })),
  }
}

const NOTHING: Left = { current: null, clock: null, policy: null, disks: {} }
