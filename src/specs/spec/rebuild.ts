import { stringify } from 'yaml'
import type { KeptSpec, KnownSpec } from '../../model/watched-specs.ts'
import { realPath } from '../../system/real-path.ts'
import { type BoxContext, claimContext } from '../load-specs.ts'
import { checkClaims } from './check-claims.ts'
import { readSpec } from './read.ts'

/**
 * Specs that were kept as documents, through the same checks as if they were written so now: a later version of this program, or other
 * roots, may refuse what was good once. Those that are refused are left out, with why.
 */
export async function rebuildSpecs(
  kept: readonly KeptSpec[],
  context: BoxContext,
): Promise<{
  readonly specs: readonly KnownSpec[]
  readonly refused: readonly { readonly file: string; readonly message: string }[]
}> {
  const read = kept.map(({ file, line, document }) => ({
    file,
    line,
    // Merged when it was kept.
    ...readSpec(
      { file, text: stringify(document) },
      { defaults: 'absent', hosts: new Map(), isLessThanBefore: false },
      { home: context.home, baseName: 'kept' },
    ),
  }))
  const claims = read.flatMap(({ claim }) => claim ?? [])
  const clashes = await checkClaims(claims, await claimContext(context))
  const specs: KnownSpec[] = []
  const refused: { readonly file: string; readonly message: string }[] = []
  for (const { file, line, spec, document, faults } of read) {
    const fault =
      faults.find(({ severity }) => severity === 'error') ??
      clashes.find((clash) => clash.file === file)?.fault
    if (spec === null || fault !== undefined)
      refused.push({ file, message: fault?.message ?? 'it is no spec' })
    else
      specs.push({
        spec: { ...spec, file, line },
        document,
        place: (await realPath(spec.destination.path)).path,
      })
  }
  return { specs, refused }
}
