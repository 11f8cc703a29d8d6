import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Layout } from '../layout.ts'

const OWN = /^own-[0-9a-f]{16}\.md5$/

/** Whether something of our own making is so called. */
export const isStagingName = (name: string): boolean => OWN.test(name)

/**
 * A name in staging for something of our own making. It ends like a marker, so that no data is ever called so, and what a crash
 * leaves of it is known for litter.
 */
export const newStagingName = (files: Layout): string =>
  join(files.staging, `own-${randomBytes(8).toString('hex')}.md5`)
