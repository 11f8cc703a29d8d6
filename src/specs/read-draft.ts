import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Spec } from '../model/spec.ts'
import type { Diagnostic } from '../model/trouble.ts'
import { folderFiles } from './folder-files.ts'
import { type BoxContext, readSpecs } from './load-specs.ts'
import type { SpecEntry } from './spec-files.ts'

/**
 * A spec that is not written yet, read as if it were in its folder: over `_defaults.yaml` and `_hosts.yaml`, beside the others. `folder`
 * null: it is of a repository, and stands alone. `faults`: its own errors; where it has none and there is no spec, those of the others.
 */
export async function readDraft(
  name: string,
  text: string,
  folder: string | null,
  context: BoxContext,
): Promise<{ readonly spec: Spec | null; readonly faults: readonly Diagnostic[] }> {
  const entry: SpecEntry = {
    name: `${name}.yaml`,
    file: join(folder ?? '/', `${name}.yaml`),
    kind: 'file',
    read: async () => Buffer.from(text),
  }
  const there = folder === null || !existsSync(folder) ? [] : (await folderFiles(folder)).entries
  const { specs, faults } = await readSpecs(
    {
      label: folder ?? '',
      folder,
      revision: null,
      entries: [...there.filter((one) => one.name !== entry.name), entry],
    },
    context,
  )
  const errors = faults.filter(({ severity }) => severity === 'error')
  const own = errors.filter(({ file }) => file === entry.file)
  return {
    spec: specs.find(({ file }) => file === entry.file) ?? null,
    faults: own.length > 0 ? own : errors,
  }
}
