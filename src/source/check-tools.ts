import { Failure } from '../model/failure.ts'
import { askTool } from './ask-tool.ts'
import { missingTool } from './run-rsync.ts'

/** The first rsync that refuses names nobody asked for. */
const OLDEST_RSYNC = [3, 2, 5] as const

/** Whether rsync and ssh are here, and rsync is new enough to meet a hostile source; null: all is well. Exit code 64 otherwise. */
export async function checkTools(): Promise<Failure | null> {
  const [rsync, ssh] = await Promise.all([firstLine('rsync', ['--version']), firstLine('ssh', ['-V'])])
  if (rsync instanceof Failure) return rsync
  const version = /version v?(\d+)\.(\d+)\.(\d+)/.exec(rsync)?.slice(1).map(Number)
  if (version === undefined || isOlder(version, OLDEST_RSYNC))
    return new Failure({
      code: 'rsync-too-old',
      message: `rsync on this machine is ${version?.join('.') ?? 'of no version that we know'}; ${OLDEST_RSYNC.join('.')} is the oldest that is safe.`,
      hint: 'Update the package rsync; on Debian 11 from backports. At the source any old one will do.',
      retryable: false,
    })
  return ssh instanceof Failure ? ssh : null
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (let i = 0; i < than.length; i++) if (version[i] !== than[i]) return version[i]! < than[i]!
  return false
}

async function firstLine(program: string, words: readonly string[]): Promise<string | Failure> {
  const broken = (cause?: unknown): Failure =>
    new Failure({
      code: 'tool-broken',
      message: `${program} is installed and does not run.`,
      hint: `Run ${program} ${words.join(' ')} by hand.`,
      retryable: false,
      cause,
    })
  try {
    return (await askTool(program, words))?.split('\n', 1)[0] ?? broken()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? missingTool(program, error) : broken(error)
  }
}
