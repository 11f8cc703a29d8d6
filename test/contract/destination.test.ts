import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBox } from '../../src/box/box.ts'
import type { Disk } from '../../src/destination/disk/disk.ts'
import { realDisk } from '../../src/destination/disk/real-disk.ts'
import { openDestination } from '../../src/destination/open-destination.ts'
import { modelDisk } from '../helpers/model-disk.ts'
import { destinationContract as base, type World } from './destination.ts'
import { removalContract } from './removal.ts'

function destinationContract(name: string, make: () => Promise<World>): void {
  base(name, make)
  removalContract(name, make)
}

const onRealDisk = (disk: Disk) => async (): Promise<World> => {
  const folder = await mkdtemp(join(tmpdir(), 'destination-'))
  const path = join(folder, 'held')
  const destination = openDestination(
    { path, mount: null, rotate: false },
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

for (const hardLinks of [true, false]) {
  destinationContract(`a model disk with${hardLinks ? '' : 'out'} hard links`, async () => {
    const state = await mkdtemp(join(tmpdir(), 'state-'))
    const disk = modelDisk({ hardLinks })
    const path = '/model/held'
    const destination = openDestination(
      { path, mount: null, rotate: false },
      {
        disk,
        box: openBox(state, { concurrency: 2 }),
        uid: process.getuid!(),
        backup: 'test',
        hash: disk.hash,
        takeLock: async () => ({ state: 'locked', descriptor: -1, isInPlace: () => true, close: () => {} }),
      },
    )
    return { path, disk, destination, remove: () => rm(state, { recursive: true, force: true }) }
  })
}
