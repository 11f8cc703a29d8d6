import { holdId } from '../decide/documents/fingerprint.ts'
import { goneShared, isSharedFileGone } from '../decide/specs/vanished.ts'
import { type SharedTroubles, sharedTroubles } from '../decide/status/shared-troubles.ts'
import type { BoxState } from '../model/box.ts'
import type { Settings } from '../model/settings.ts'
import { failureFrom } from '../model/system-error.ts'
import type { Hold, Problem } from '../model/trouble.ts'
import type { LoadedSpecs } from '../specs/load-specs.ts'

interface Common {
  readonly loaded: LoadedSpecs
  readonly box: BoxState
}

/** Holds over all backups: a file that underlies every spec was there and is gone. */
export async function commonHolds({ loaded, box }: Common): Promise<readonly Hold[]> {
  const { folder } = loaded
  if (folder === null) return []
  const gone = goneShared(await box.sharedFilesSeen(folder), loaded.shared, `${folder}/`)
  return gone.map(({ code, message }) => ({ id: holdId(code, [folder]), code, message }))
}

/** The files under all specs that were there before, without those whose removal is released. What cannot be read is reported elsewhere. */
export async function sharedBefore(folder: string, box: BoxState): Promise<readonly string[]> {
  try {
    const [seen, released] = [await box.sharedFilesSeen(folder), await box.releases()]
    const gone = goneShared(seen, [], '').filter(({ code }) => !released.has(holdId(code, [folder])))
    return gone.map(({ file }) => file)
  } catch (error) {
    failureFrom(error)
    return []
  }
}

/** Those of them that are not released. */
export async function openCommonHolds(workspace: Common): Promise<readonly Hold[]> {
  const holds = await commonHolds(workspace)
  const released = await Promise.all(holds.map((hold) => workspace.box.released(hold.id)))
  return holds.filter((_, i) => released[i] === null)
}

/** What these backups have in common. */
export async function sharedBy(
  found: readonly { readonly holds: readonly Hold[]; readonly problems: readonly Problem[] }[],
  { settings, box, loaded }: Common & { readonly settings: Pick<Settings, 'state'> },
): Promise<SharedTroubles> {
  // A destination that is not looked at says nothing of them.
  const common = await openCommonHolds({ box, loaded }).catch(() => [])
  const holds = [...found.flatMap((one) => one.holds), ...common]
  const known = holds.some(({ neverSeen }) => neverSeen === true) ? await box.places().catch(() => []) : []
  const facts = { folder: settings.state, isEmpty: known.length === 0, inFolder: loaded.folder !== null }
  const { problems, codeOf } = sharedTroubles(
    holds,
    found.flatMap((one) => one.problems),
    facts,
  )
  // Where specs lack what is gone, it is their fault, and reported as that.
  const isFault = ({ code }: Problem): boolean => loaded.faults.some((fault) => fault.code === code)
  return { problems: problems.filter((one) => !isSharedFileGone(one.code) || !isFault(one)), codeOf }
}
