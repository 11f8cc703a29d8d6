import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBox } from '../../src/destination/box.ts'
import type { Disk } from '../../src/destination/disk.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { realDisk } from '../../src/destination/real-disk.ts'
import { destinationContract, type World } from './destination.ts'

const onRealDisk = (disk: Disk) => async (): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), 'destination-'))
  const path = join(folder, 'held')
  const destination = openDestination(
    { path, mount: null, minFree: 0, maxSize: null },
    {
      disk,
      box: openBox(join(folder, 'state'), { concurrency: 2 }),
      uid: process.getuid!(),
      backup: 'test',
    },
  )
  return { path, disk, destination, remove: () => rm(folder, { recursive: true, force: true }) }
}

destinationContract('a real disk', onRealDisk(realDisk))
destinationContract(
  'a real disk without hard links',
  onRealDisk({ ...realDisk, link: async () => 'unsupported' }),
)
