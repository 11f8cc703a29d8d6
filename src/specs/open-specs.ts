import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import type { SpecsMemory } from '../model/specs-memory.ts'
import type { TimeLimits } from '../system/child.ts'
import type { CheckKeys } from './git/clone.ts'
import type { GitUse } from './git/judge-commit.ts'
import { type BoxContext, type LoadedSpecs, loadSpecs, nothingObeyed } from './load-specs.ts'
import { ourPlaces } from './spec/our-places.ts'

/** Where the specs come from, whatever that is. */
export interface SpecSource {
  /** For people: the folder, or `URL@ref:subpath`. The same on every run. */
  readonly label: string
  /**
   * Reads them again. Of a commit all specs are taken or none: where its faults, its signature or a hold forbid it, the last good commit
   * is what is returned, and why. Throws a Failure where there is nothing to obey: the folder cannot be read, or the repository was never
   * reached.
   */
  load(run: Run): Promise<LoadedSpecs>
}

/** What reading specs needs of the box. */
export interface SpecsPorts {
  readonly home: string
  readonly memory: SpecsMemory
  /** See ClaimContext. */
  readonly holders?: () => Promise<ReadonlyMap<string, string>>
  /** See BoxContext. */
  readonly sharedBefore?: (folder: string) => Promise<readonly string[]>
  /** Of specs from git, what is done with a newer commit. */
  readonly use: GitUse
  /** Of specs from git over ssh: asked before each connection. */
  readonly checkKeys: CheckKeys
  readonly limits?: TimeLimits
}

/** The specs that the settings name. */
export function openSpecs(settings: Settings, ports: SpecsPorts): SpecSource {
  const { specs, roots } = settings
  // The settings' own fault, which is reported: nothing else is obeyed in its place.
  if ((specs.kind === 'folder' ? specs.path : specs.url) === '') {
    const label = specs.kind === 'folder' ? 'specs' : 'git'
    return { label, load: async () => nothingObeyed(label) }
  }
  const context: BoxContext = {
    roots,
    home: ports.home,
    box: {
      ours: ourPlaces(settings),
      holders: ports.holders ?? (async () => new Map()),
      ...(ports.sharedBefore === undefined ? {} : { sharedBefore: ports.sharedBefore }),
      suggestsMounts: ports.use === 'newest',
    },
  }
  if (specs.kind === 'folder')
    return { label: specs.path, load: () => loadSpecs(specs.path, context, specs.lookedIn) }
  const label = `${specs.url}@${specs.ref}${specs.subpath === '' ? '' : `:${specs.subpath}`}`
  return {
    label,
    async load(run) {
      const { loadGitSpecs } = await import('./git/specs.ts')
      return loadGitSpecs({ place: specs, label, context, ...ports }, run)
    },
  }
}
