import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realDisk as disk } from '../../src/destination/disk/real-disk.ts'
import { reread } from '../../src/destination/reread.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import { temporaryFolder } from '../helpers/disk-folder.ts'

const MIB = 1 << 20

test.each([0, 1, 300_000, MIB, MIB + 1, 3 * MIB - 1])(
  '%i bytes: both digests, and no more is asked of the pace than there is',
  async (size) => {
    const path = temporaryFolder()
    const bytes = Buffer.alloc(size, 'bytes')
    writeFileSync(join(path, 'a'), bytes)
    let asked = 0
    const pace = async (count: number) => {
      asked += count
    }
    const found = await reread({ disk, path }, 'a' as RelPath, pace, new AbortController().signal)
    const digests = Object.fromEntries(
      ['md5', 'sha256'].map((kind) => [kind, createHash(kind).update(bytes).digest('hex')]),
    )
    expect(found).toMatchObject({ state: 'read', size, digests })
    expect(asked).toBe(Math.max(1, size))
  },
)
