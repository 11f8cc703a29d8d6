import type { Disk } from './disk.ts'

export const realDisk: Disk = {} as Disk
