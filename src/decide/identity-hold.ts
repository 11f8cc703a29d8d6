import type { Identity } from '../model/holding.ts'

/**
 * Whether a destination is another disk than the one that was here before, or one that this box has never seen. `facts` is what the
 * hold's id is made of: the same question has the same id until its answer changes. Null: it is the expected one, or a new folder.
 */
export function identityHold(
  path: string,
  identity: Identity,
): { readonly code: string; readonly message: string; readonly facts: readonly (string | null)[] } | null {
  const { expected, found, lastSeenAt } = identity
  if (expected === found) return null
  const facts = [path, expected, found]
  if (found === null) {
    return {
      code: 'destination-id-missing',
      message: `${path} held the destination ${expected} before and shows no id now. If its disk is not mounted, mount it and run again; release only if the folder is meant to begin anew`,
      facts,
    }
  }
  if (expected === null) {
    const where = lastSeenAt === null ? 'this box has never seen it' : `this box knows it at ${lastSeenAt}`
    return {
      code: 'destination-unknown',
      message: `${path} is the destination ${found}, and ${where}: it was moved or copied here, or this box lost its state. Release if it is the one meant`,
      facts,
    }
  }
  return {
    code: 'destination-other-id',
    message: `${path} is the destination ${found}, and ${expected} was here before. If another disk is mounted by mistake, mount the right one and run again; release only if this one takes its place`,
    facts,
  }
}
