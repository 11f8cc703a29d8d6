import { decideBackup } from '../../src/decide/plan/backup.ts'
import type { Digest } from '../../src/model/digest.ts'
import type { Instant } from '../../src/model/instant.ts'
import type { SourceView } from '../../src/model/observation.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { SourceFile } from '../../src/model/source-file.ts'
import type { PruneRules, Spec } from '../../src/model/spec.ts'
import { adversary, type History, PATTERNS, POLICIES, ZONES } from './adversary.ts'
import { context, spec } from './picture.ts'
import { type Declared, judge } from './removal-judge.ts'
import { everything, type PassTerms, type SimulatedPass, simulate } from './simulated-backup.ts'

const START = Date.UTC(2026, 2, 20)

export interface Lived {
  /** Everything done against the invariants. */
  readonly faults: readonly string[]
  /** Files removed, and every code that held something. */
  readonly removed: number
  readonly holds: ReadonlySet<string>
}

export interface Way {
  readonly mode: PruneRules['mode']
  readonly releasesAll: boolean
  readonly expects: boolean
}

/** Makes the passes of a history, and has each one judged. */
export function liveThrough(history: History, { mode, releasesAll, expects }: Way): Lived {
  const source = adversary(START, history)
  const own = judge(source.kindOf, START)
  const rotten = new Set<string>()
  const faults: string[] = []
  const holds = new Set<string>()
  let { retain, keepAtLeast } = history
  let place = 0
  let zone = 0
  let removed = 0
  const declared = (asked: boolean): Declared => {
    const declaration = spec({
      source: { kind: 'local', path: `/src${place}`, listing: null },
      series: { patterns: history.dated ? PATTERNS : [], timezone: ZONES[zone]! },
      retain: POLICIES[retain]!,
      expect: expects
        ? [{ series: null, rhythm: { kind: 'every', seconds: 36 * 3600 }, grace: 12 * 3600, until: null }]
        : [],
      prune: { mode, keepAtLeast, minAge: history.minAgeDays * 86_400, trashFor: 86_400 },
      // Passes come days apart, and that is no leap of a clock.
      schedule: { kind: 'every', seconds: 7 * 86_400 },
      verifyEvery: history.verifyDays * 86_400,
    })
    const policy = `${retain} ${keepAtLeast}`
    const isAsked = mode === 'auto' || (mode === 'manual' && asked)
    const { dated } = history
    return { spec: declaration, dated, zone, policy, basis: `${place} ${zone}`, releasesAll, isAsked }
  }
  let isCut = false
  const simulated = simulate(declared(false).spec, source.now(), (plan) =>
    isCut ? { done: [] } : everything(plan),
  )

  for (const { move, hours, asked } of history.turns) {
    source.wait(hours)
    isCut = move.what === 'cut line'
    if (!source.move(move)) {
      const { what, at } = move
      const here = own.heldPaths()
      const path = here[at % Math.max(1, here.length)]
      if (what === 'change retain') retain = at % POLICIES.length
      else if (what === 'change keep') keepAtLeast = 1 + (at % 4)
      else if (what === 'change place') place = 1 - place
      else if (what === 'change zone') zone = 1 - zone
      else if (path !== undefined && what === 'rot') rotten.add(path)
      else if (path !== undefined && what === 'vanish') {
        own.vanish(path)
        const files = new Map(simulated.destination.files)
        files.delete(path as RelPath)
        simulated.destination = { ...simulated.destination, files }
      }
    }
    const is = declared(asked)
    simulated.spec = is.spec
    const now = source.now()
    const view = source.view(own.held)
    const how: PassTerms = { asked, releasesAll, rotten }
    const pass = simulated.pass(view, now, how)
    for (const path of pass.brought) rotten.delete(path)
    const isOpen = isCut || pass.read.some((path) => rotten.has(path))
    faults.push(...own.after(pass, view, now, is, rotten))
    for (const code of pass.holds) holds.add(code)
    if (pass.removed.length === 0) continue
    removed += pass.removed.length
    if (mode === 'never' || (mode === 'manual' && !asked)) faults.push('pruned, and nobody asked for it')
    faults.push(...afterwards(pass, simulated.plan(view, now, how).steps, isOpen))
    faults.push(...withAllListed(pass, is.spec, view, now, how))
  }
  return { faults, removed, holds }
}

/** Planned again at once, nothing more goes, and nothing of it comes back. */
function afterwards(
  pass: SimulatedPass,
  again: SimulatedPass['plan']['steps'],
  isOpen: boolean,
): readonly string[] {
  const gone = new Set(pass.removed.map(({ path }) => path))
  return again.flatMap(({ action, path, because }) =>
    // A plan counts on what has yet to come, and on points that are to be read since others were found rotten.
    (action === 'prune' && !isOpen) || ((action === 'pull' || action === 'resume') && gone.has(path))
      ? [`right after a prune: ${action} ${path}: ${because.join(', ')}`]
      : [],
  )
}

/** Were the source to list all that is held as well, the same would go: absence there is no reason (I8). */
function withAllListed(
  { before, removed }: SimulatedPass,
  declared: Spec,
  view: SourceView,
  now: Instant,
  { asked = false, releasesAll = false }: PassTerms,
): readonly string[] {
  const files = new Map<RelPath, SourceFile>(view.files)
  for (const path of before.files.keys()) {
    const { size, mtime, md5 } = before.records.get(path)!
    if (files.has(path)) continue
    const marker = {
      state: 'claimed',
      suffix: '.md5',
      size: 40,
      mtime: mtime!,
      text: '',
    } as const
    files.set(path, { listed: { size, mtime: mtime! }, marker: { ...marker, digest: md5 as Digest } })
  }
  const terms = context({ asOf: now })
  const released = (releasesAll ? { has: () => true } : new Set()) as ReadonlySet<string>
  const { plan } = decideBackup(
    declared,
    { source: { ...view, files }, destination: before },
    { ...terms, asked, released, when: 'now' },
  )
  const then = plan.steps.flatMap(({ action, path }) => (action === 'prune' ? [path] : []))
  const now_ = removed.map(({ path }) => path)
  return then.join() === now_.join()
    ? []
    : [`removed ${now_.join()}, and ${then.join()} were all still listed`]
}
