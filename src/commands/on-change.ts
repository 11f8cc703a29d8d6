import { BOX, openTroublesMemory, type TroublesBook } from '../box/troubles-memory.ts'
import { areSame, saysOfTroubles, troublesOf, troublesOfBox } from '../decide/status/troubles.ts'
import { isoTime } from '../model/instant.ts'
import type { Result } from '../model/outcome.ts'
import { comparePaths } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import type { Spec } from '../model/spec.ts'
import type { DestinationStatus, TroubleGroup } from '../model/status.ts'
import { failureFrom } from '../model/system-error.ts'
import { escapeProse } from '../view/escape-text.ts'
import type { Brief } from '../view/render-result.ts'
import { openNear, type Workspace } from './workspace.ts'

const WARNINGS = '/'

/** Compares a pass with what was wrong before it. */
export interface Changes {
  /** What came, changed or went; remembers it. */
  since(result: Result): Promise<Brief>
  /** Which of these warnings the last pass over the same backups did not print; remembers them. */
  news(warnings: ReadonlySet<string>): Promise<readonly string[]>
}

/**
 * Reads what was wrong with each backup before this pass: in its destination's `status.json`, or, where no pass could write that
 * later, in the state folder. Without either, nothing was.
 */
export async function openChanges(
  specs: readonly Spec[],
  workspace: Workspace,
  run: Run,
  warn: (text: string) => void,
): Promise<Changes> {
  const memory = openTroublesMemory(workspace.settings.state)
  const report = (error: unknown): void => warn(`warning: ${escapeProse(failureFrom(error).message)}`)
  const book = await memory.read().catch((error: unknown): TroublesBook => {
    report(error)
    return {}
  })
  const started = run.now()
  const specOf = new Map(specs.map((spec) => [spec.name as string, spec]))
  const status = async (name: string): Promise<DestinationStatus | null> => {
    const spec = specOf.get(name)
    return spec === undefined
      ? null
      : openNear(spec, workspace)
          .then((place) => place.readStatus())
          .catch((error: unknown) => {
            failureFrom(error)
            return null
          })
  }
  const before = new Map<string, readonly TroubleGroup[]>([[BOX, book[BOX]?.troubles ?? []]])
  for (const { name } of specs) {
    const last = await status(name)
    const remembered = book[name]
    const isNewer =
      remembered !== undefined && (last === null || Date.parse(remembered.at) > Date.parse(last.finished))
    before.set(name, (isNewer ? remembered.troubles : last?.troubles) ?? [])
  }
  /** Where warnings of passes over these backups are kept. A slash is in no backup's name. */
  const ours = `${WARNINGS}${specs.map(({ name }) => name).join(WARNINGS)}`
  const keep = (kept: TroublesBook): Promise<void> => {
    const names = new Set<string>(workspace.loaded.specs.map(({ name }) => name))
    const isKept = ([name, { troubles }]: readonly [string, TroublesBook[string]]): boolean =>
      name === BOX || name.startsWith(WARNINGS) ? troubles.length > 0 : names.has(name)
    return memory
      .change((old) => Object.fromEntries(Object.entries({ ...old, ...kept }).filter(isKept)))
      .catch(report)
  }
  return {
    async news(warnings) {
      const before = new Set(book[ours]?.troubles.flatMap(({ paths }) => paths))
      const paths = [...warnings].sort(comparePaths)
      const troubles = paths.length === 0 ? [] : [{ code: WARNINGS, paths }]
      if (!areSame(book[ours]?.troubles ?? [], troubles))
        await keep({ [ours]: { at: isoTime(run.now()), troubles } })
      return [...warnings].filter((one) => !before.has(one))
    },
    async since(result) {
      const found = new Map([[BOX, troublesOfBox(result)]])
      for (const one of result.backups) if (saysOfTroubles(one)) found.set(one.backup, troublesOf(one))
      const changed = [...found].filter(([name, now]) => !areSame(before.get(name) ?? [], now))
      const kept: Record<string, TroublesBook[string]> = {}
      for (const [name, troubles] of changed) {
        const last = await status(name)
        const isInStatus =
          last !== null && Date.parse(last.finished) >= started && areSame(last.troubles ?? [], troubles)
        if (!isInStatus) kept[name] = { at: isoTime(run.now()), troubles }
      }
      if (Object.keys(kept).length > 0) await keep(kept)
      const box = changed.find(([name]) => name === BOX)
      const backups = changed.filter(([name]) => name !== BOX)
      return {
        unwell: new Set([
          ...backups.flatMap(([name, now]) => (now.length > 0 ? [name] : [])),
          ...result.backups.flatMap(({ backup, repaired }) => (repaired.length > 0 ? [backup] : [])),
        ]),
        recovered: new Set(backups.flatMap(([name, now]) => (now.length === 0 ? [name] : []))),
        over: box?.[1].length === 0 ? ofBox(before.get(BOX) ?? []) : [],
        box: box === undefined ? 'same' : box[1].length === 0 ? 'recovered' : 'shown',
      }
    },
  }
}

/** What was wrong with the box itself. Faults of specs and settings name their files; that no backup ran may follow from them. */
const ofBox = (troubles: readonly TroubleGroup[]): readonly string[] =>
  troubles.flatMap(({ code, paths }) =>
    code !== 'failed' && (paths.length === 0 || /^(?:state|disk)-/.test(code)) ? code : [],
  )
