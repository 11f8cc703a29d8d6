import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readSpecFile } from '../../src/specs/folder-files.ts'

// Its size is 0 when it is opened, as that of a file that grows while it is read.
test('a file that is longer than its size said is read whole', async () => {
  const { source, fault } = await readSpecFile('/proc/self/limits', null)
  expect(fault).toBeNull()
  expect(source.text).toBe(readFileSync('/proc/self/limits', 'utf8'))
})
