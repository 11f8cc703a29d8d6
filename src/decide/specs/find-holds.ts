import type { Identity } from '../../model/holding.ts'
import type { Hold } from '../../model/trouble.ts'
import { holdId } from '../documents/fingerprint.ts'
import { identityHold } from './identity-hold.ts'

/** The hold that asks about this destination's disk; null where it is the expected one. */
export function holdOfIdentity(path: string, identity: Identity): Hold | null {
  const found = identityHold(path, identity)
  if (found === null) return null
  return { id: holdId(found.code, found.facts), code: found.code, message: found.message }
}

/** `_defaults.yaml` lies under every spec: where it was and is no more, what every spec means has changed. */
export const holdOfDefaults = (folder: string): Hold => ({
  id: holdId('defaults-gone', [folder]),
  code: 'defaults-gone',
  message: `${folder}/_defaults.yaml was there before and is gone: every spec in the folder may mean something else now`,
})
