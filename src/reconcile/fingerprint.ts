import { createHash } from 'node:crypto'
import stringify from 'safe-stable-stringify'

/** The same for the same value, whatever the order of its keys. sha256, lower-case hex. */
export const fingerprint = (value: unknown): string =>
  createHash('sha256')
    .update(stringify(value) ?? '')
    .digest('hex')
