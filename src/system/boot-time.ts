import { readFile } from 'node:fs/promises'

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** Which boot this is (null: not known), and seconds since: they go on where the time of day is set back. */
export async function bootTime(): Promise<{ readonly boot: string | null; readonly up: number }> {
  const [id, uptime] = await Promise.all([read('/proc/sys/kernel/random/boot_id'), read('/proc/uptime')])
  const up = Number.parseFloat(uptime)
  return Number.isFinite(up) && id.trim() !== '' ? { boot: id.trim(), up } : { boot: null, up: 0 }
}
