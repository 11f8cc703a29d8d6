import type { Settings } from '../model/settings.ts'
import type { Diagnostic } from '../model/trouble.ts'

/** What keeps notices and heartbeat from their URLs. Warnings: no backup is stopped by it. */
export async function checkUrlFiles({ notify, heartbeat }: Settings): Promise<readonly Diagnostic[]> {
  const files = new Set([...notify, ...(heartbeat === null ? [] : [heartbeat])].map(({ urlFile }) => urlFile))
  if (files.size === 0) return []
  const { readUrlFile } = await import('../watch/url-file.ts')
  const found: Diagnostic[] = []
  for (const file of files) {
    const read = await readUrlFile(file)
    if (!read.ok) found.push({ file, line: 1, column: 1, severity: 'warning', ...read.fault })
  }
  return found
}
