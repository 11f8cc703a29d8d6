import type { Run } from '../model/run.ts'
import type { Settings } from '../model/settings.ts'
import { type LoadedSpecs, loadSpecs } from './load-specs.ts'

/** Where the specs come from, whatever that is. */
export interface SpecSource {
  /** For people: the folder, or `URL@ref:subpath`. */
  readonly label: string
  /**
   * Reads them anew. Throws a Failure where there is nothing to obey: the folder cannot be read, or the repository was never
   * reached.
   */
  load(run: Run): Promise<LoadedSpecs>
}

/** The specs that the settings name. */
export function openSpecs(settings: Settings, { home }: { readonly home: string }): SpecSource {
  const { specs, roots } = settings
  if (specs.kind === 'git') throw new Error('specs from git are not read yet')
  return { label: specs.path, load: () => loadSpecs(specs.path, { roots, home }) }
}
