import { createHash } from 'node:crypto'
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashFiles } from '../../src/destination/hash-pool.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hash-'))
})
afterAll(() => rm(folder, { recursive: true }))

const MiB = 1024 * 1024
const never = new AbortController().signal

const bytesOf = (size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i += 509) bytes[i] = (i * 31 + size) & 0xff
  return bytes
}

describe('hashing gives md5 and sha256 of one read', () => {
  const sizes = [0, 1, 4096, MiB - 1, MiB, MiB + 1, 8 * MiB - 1, 8 * MiB, 8 * MiB + 1, 21 * MiB + 17]
  // The expected size only guides the work: a wrong one must not change the answer.
  for (const expected of ['its size', 'zero', 'far more'] as const) {
    test(`of files around every block's edge, told ${expected}`, async () => {
      const files = await Promise.all(
        sizes.map(async (size) => {
          const path = join(folder, `f-${size}-${expected}`)
          const bytes = bytesOf(size)
          await writeFile(path, bytes)
          return { path, bytes, size: expected === 'its size' ? size : expected === 'zero' ? 0 : 100 * MiB }
        }),
      )
      const results = await hashFiles(files, never)
      for (const { path, bytes } of files) {
        expect(results.get(path)).toMatchObject({
          state: 'hashed',
          size: bytes.length,
          digests: {
            md5: createHash('md5').update(bytes).digest('hex'),
            sha256: createHash('sha256').update(bytes).digest('hex'),
          },
        })
      }
    })
  }
})

test('what cannot be read is told by its code and harms no other file', async () => {
  const good = join(folder, 'good')
  await writeFile(good, 'x')
  await symlink(good, join(folder, 'link'))
  await execa('mkfifo', [join(folder, 'fifo')])
  const paths = [join(folder, 'none'), join(folder, 'link'), join(folder, 'fifo'), folder, good]
  for (const size of [1, 9 * MiB]) {
    const results = await hashFiles(
      paths.map((path) => ({ path, size })),
      never,
    )
    const told = paths.map((path) => {
      const result = results.get(path)
      return result?.state === 'failed' ? result.code : result?.state
    })
    expect(told).toEqual(['ENOENT', 'ELOOP', 'EINVAL', 'EINVAL', 'hashed'])
  }
})

test('an abort stops a read that would take long, and leaves the pool fit for the next', async () => {
  const path = join(folder, 'sparse')
  await writeFile(path, '')
  await truncate(path, 400 * 1024 * MiB)
  for (const size of [400 * 1024 * MiB, 1]) {
    const stop = new AbortController()
    const running = hashFiles([{ path, size }], stop.signal)
    setTimeout(() => stop.abort(), 50)
    expect((await running).size).toBe(0)
  }
  const small = join(folder, 'after')
  await writeFile(small, 'abc')
  expect((await hashFiles([{ path: small, size: 3 }], never)).get(small)).toMatchObject({
    digests: { md5: '900150983cd24fb0d6963f7d28e17f72' },
  })
})
