import type { OverBackup } from '../decide/notices/find-trouble.ts'
import type { SpecsDecided } from '../decide/specs/changes.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import type { SpecFault } from '../model/watched-specs.ts'
import type { Notices } from './notices.ts'

/** Reports faults and holds over the specs after each read of a daemon, also without a pass. Nothing here throws. */
export function specNotices(notices: Pick<Notices, 'stands' | 'gone'>) {
  const known = new Set<string>()
  /** `refusals`: why the newest commit is not taken. */
  return async (
    { active, broken, holds, removed, renamed }: SpecsDecided,
    declared: { readonly faulty: readonly { readonly name: string; readonly file: string }[] },
    refusals: OverBackup['faults'],
  ): Promise<void> => {
    const own = new Set([
      ...active.map(({ spec }): string => spec.name),
      ...broken.map((one) => one.backup),
      ...faultyNames(declared),
    ])
    // Where a commit is not taken, the faults of other files are all that keeps a sound one from counting.
    const isOwn = ({ backup, file }: SpecFault): boolean =>
      refusals.length === 0 || declared.faulty.some((one) => one.name === backup && one.file === file)
    const faultsOf = (name: string) => broken.filter((one) => one.backup === name && isOwn(one))
    const overEach = new Map([...own].map((name) => [name, faultsOf(name)]))
    await notices.stands(overEach, { faults: refusals, holds }, true)
    // Passes may have reported something, even without faults or holds over their spec.
    for (const { spec } of [...removed, ...renamed.map(({ from }) => from)]) known.add(spec.name)
    for (const name of own) known.add(name)
    for (const name of known) if (!own.has(name) && (await notices.gone(name))) known.delete(name)
  }
}
