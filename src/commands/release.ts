import { userInfo } from 'node:os'
import { Failure } from '../model/failure.ts'
import type { Run } from '../model/run.ts'
import type { Hold } from '../model/trouble.ts'
import { holdOfIdentity } from '../reconcile/find-holds.ts'
import type { Console } from './console.ts'
import { commonHolds, openPlace, type Workspace } from './workspace.ts'

/** `reconcile release ID --reason R`: lets the next pass go past a hold, once, with the reason on the record. */
export async function release(
  id: string,
  reason: string,
  workspace: Workspace,
  console: Console,
  run: Run,
): Promise<number> {
  if (reason.trim() === '') {
    throw new Failure({
      code: 'usage',
      message: 'a release needs a reason: it goes on the record',
      hint: `reconcile release ${id} --reason "what you have checked"`,
      retryable: false,
    })
  }
  const holds = await holdsNow(workspace, run)
  const hold = holds.find((one) => one.id === id)
  if (hold === undefined) {
    throw new Failure({
      code: 'no-such-hold',
      message: `nothing is held under ${id} now`,
      hint:
        holds.length === 0
          ? 'There is no hold at all: reconcile --dry-run shows what would happen.'
          : `These are: ${holds.map((one) => `${one.id} (${one.code})`).join(', ')}.`,
      retryable: false,
    })
  }
  await workspace.box.writeRelease(id, reason, whoAmI(), run.now())
  console.write(`Released ${id} (${hold.code}) for the next pass: ${hold.message}\n`)
  return 0
}

/** Every hold that a pass over all backups would meet; nothing is asked of any source. */
async function holdsNow(workspace: Workspace, run: Run): Promise<readonly Hold[]> {
  const holds: Hold[] = [...(await commonHolds(workspace))]
  for (const spec of workspace.loaded.specs) {
    const destination = await openPlace(spec.destination, spec.name, workspace.box)
    const { identity, halt } = await destination.identify(run)
    if (halt !== null) continue
    const hold = holdOfIdentity(destination.path, identity)
    if (hold !== null) holds.push(hold)
  }
  return holds
}

/** The person, also behind sudo; a uid without a name has only its number. */
function whoAmI(): string {
  const person = process.env['SUDO_USER']
  if (person !== undefined) return person
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}
