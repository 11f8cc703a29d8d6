import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Layout } from './layout.ts'

/**
 * A name in staging for something of our own making. It ends like a marker, so that no data is ever called so, and what a crash
 * leaves of it is known for litter.
 */
export const newStagingName = (files: Layout): string =>
  join(files.staging, `own-${randomBytes(8).toString('hex')}.md5`)
