import type { OverBackup } from '../decide/notices/find-trouble.ts'
import type { SpecsDecided } from '../decide/specs/changes.ts'
import { faultyNames } from '../decide/specs/faults.ts'
import type { Notices } from './notices.ts'

/** Reports faults and holds over the specs after each read of a daemon, also without a pass. Nothing here throws. */
export function specNotices(notices: Pick<Notices, 'stands' | 'gone'>) {
  const known = new Set<string>()
  /** `refusals`: why the newest commit is not taken. */
  return async (
    { active, broken, holds, removed, renamed }: SpecsDecided,
    declared: { readonly faulty: readonly { readonly name: string }[] },
    refusals: OverBackup['faults'],
  ): Promise<void> => {
    const own = new Set([
      ...active.map(({ spec }): string => spec.name),
      ...broken.map((one) => one.backup),
      ...faultyNames(declared),
    ])
    const faultsOf = (name: string) => [...broken.filter(({ backup }) => backup === name), ...refusals]
    await notices.stands(new Map([...own].map((name) => [name, { faults: faultsOf(name), holds }])), true)
    // Passes may have reported something, even without faults or holds over their spec.
    for (const { spec } of [...removed, ...renamed.map(({ from }) => from)]) known.add(spec.name)
    for (const name of own) known.add(name)
    for (const name of known) if (!own.has(name) && (await notices.gone(name))) known.delete(name)
  }
}
