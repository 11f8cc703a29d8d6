import { readFile } from 'node:fs/promises'
import type { BootTime } from '../model/listing.ts'

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** Of this very moment. */
export async function bootTime(): Promise<BootTime> {
  const [id, uptime] = await Promise.all([read('/proc/sys/kernel/random/boot_id'), read('/proc/uptime')])
  const up = Number.parseFloat(uptime)
  return Number.isFinite(up) && id.trim() !== '' ? { boot: id.trim(), up } : { boot: null, up: 0 }
}
