import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../model/failure.ts'
import { TOOL_PATH } from './host-tool.ts'

const PACKAGE_OF: Readonly<Record<string, string>> = {
  flock: 'util-linux',
  setpriv: 'util-linux',
  prlimit: 'util-linux',
  sync: 'coreutils',
  mv: 'coreutils',
  stat: 'coreutils',
}

/** Whether this machine can keep a destination: Linux, util-linux, coreutils. The Failure (`missing-tool`) names the package. */
export async function checkHostTools(
  searched: string = TOOL_PATH,
  platform: string = process.platform,
): Promise<Failure | null> {
  if (platform !== 'linux')
    return new Failure({
      code: 'missing-tool',
      message: `backups are written on Linux only, and this is ${platform}: flock, setpriv and prlimit are not there`,
      hint: 'Run it on Linux. validate and schema work anywhere.',
      retryable: false,
    })
  const missing = Object.keys(PACKAGE_OF).filter((tool) => !isFound(tool, searched))
  if (missing.length === 0) return null
  const packages = [...new Set(missing.map((tool) => PACKAGE_OF[tool]!))]
  return new Failure({
    code: 'missing-tool',
    message: `not found in ${searched}: ${missing.join(', ')}`,
    hint: `Install ${packages.join(' and ')} (the package of that name), or mend PATH.`,
    retryable: false,
  })
}

const isFound = (tool: string, searched: string): boolean =>
  searched
    .split(':')
    .filter((folder) => folder.startsWith('/'))
    .some((folder) => {
      try {
        accessSync(join(folder, tool), constants.X_OK)
        return true
      } catch {
        return false
      }
    })
