import { expect, test } from 'vitest'
import { diskQuestion } from '../../../src/decide/specs/identity-hold.ts'

const asked = (folder: string, disk: string) =>
  diskQuestion({
    code: 'destination-id-missing',
    message: `${folder} held a destination (on ${disk}; last here 2026-11-20), and is empty now. It is on ${disk}, mounted at /mnt (reconcile release ${folder.length}ab)`,
  })

test('what is asked of one disk is one question, whatever the folder', () => {
  expect(asked('/mnt/a', 'ext4, 1.8 TiB, /dev/sdb1')).toBe(asked('/mnt/deep/b', 'ext4, 1.8 TiB, /dev/sdb1'))
  expect(asked('/mnt/a', 'nfs4, 1.8 TiB, nas:/vol1')).toBe(asked('/mnt/bb', 'nfs4, 1.8 TiB, nas:/vol1'))
})

test.each([
  ['/dev/sdb1', '/dev/sdc1'],
  ['nas:/vol1/a', 'nas:/vol2/b'],
  ['tank/a', 'tank/b'],
  ['//nas/a', '//nas/b'],
])('disks of one size and no label, %s and %s, are two', (one, other) => {
  expect(asked('/mnt/a', `ext4, 1.8 TiB, ${one}`)).not.toBe(asked('/mnt/a', `ext4, 1.8 TiB, ${other}`))
})
