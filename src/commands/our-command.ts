import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How our own command is typed on this machine. */
export const ourCommand = (): readonly string[] => [
  nodeIsOnPath() ? 'node' : process.execPath,
  fileURLToPath(new URL('../cli.js', import.meta.url)),
]

const nodeIsOnPath = (): boolean => {
  const first = (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, 'node'))
    .find((file) => existsSync(file))
  return first !== undefined && realpathSync(first) === realpathSync(process.execPath)
}
