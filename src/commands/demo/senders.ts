import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 10_000

/**
 * Waits for the far side's rsync, which serves `folder`: when its reader has gone it ends with its next write, and under a rate it
 * sleeps between two writes.
 */
export async function untilSendersAreGone(folder: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(50)) {
    const lines = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    )
    if (!lines.some((line) => line.includes('rsync') && line.includes(folder))) return
  }
}
