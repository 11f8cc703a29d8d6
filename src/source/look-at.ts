import { toDigest } from '../model/digest.ts'
import type { Shown, Source } from '../model/ports.ts'
import type { RelPath } from '../model/rel-path.ts'
import type { Run } from '../model/run.ts'
import { childEnvironment } from '../system/child.ts'
import { inTemporaryFolder } from '../system/temporary-folder.ts'
import { type Far, lookArguments, namesOnStdin } from './rsync-command.ts'
import { holdSession } from './session.ts'
import { unescapeName } from './unescape-name.ts'
import { unsupported } from './unsupported.ts'
import { REHASH_RATE } from './watchdog.ts'

const LINE = /^([0-9a-f]{32})? *\|(\d+)\|(\d{4})\/(\d\d)\/(\d\d)-(\d\d):(\d\d):(\d\d)\|(.+)$/
/** Bytes of what it may say, a name. */
const MOST = 20_000

/** One session, by way of `enter` where anything is asked: what the source's rsync says of these files. What it was not asked about, and what is no such line, is passed over. */
export async function lookAt(
  enter: () => Promise<Far>,
  files: Parameters<Source['look']>[0],
  { digests, stops = 0 }: Parameters<Source['look']>[1],
  run: Run,
): Promise<ReadonlyMap<RelPath, Shown>> {
  const paths = files.map(({ path }) => path)
  const wanted = new Set<string>(paths)
  const shown = new Map<RelPath, Shown>()
  const twice = new Set<RelPath>()
  if (paths.length === 0) return shown
  const take = (line: string): void => {
    const [, digest, size, year, month, day, hour, minute, second, name] = LINE.exec(line) ?? []
    const path = unescapeName(name ?? '')?.replace(/^\.\//, '') as RelPath | undefined
    if (path === undefined || !wanted.has(path)) return
    if (shown.has(path)) twice.add(path)
    const time = [Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const
    const mtime = Date.UTC(Number(year), ...time) / 1000
    shown.set(path, { size: Number(size), mtime, digest: toDigest(digest ?? '') })
  }
  // It reads each whole, silently.
  const bytes = digests ? files.reduce((sum, { size }) => sum + size, 0) : 0
  const patience = (bytes / REHASH_RATE) * 2 ** stops
  let rest = ''
  let heard = 0
  const far = await enter()
  await inTemporaryFolder((into) =>
    holdSession(
      { ...far, timeout: far.timeout + patience },
      'look',
      {
        arguments: lookArguments(far, { digests, into }),
        // Old rsyncs refuse --checksum-choice, and agree on a digest from this.
        ...(digests ? { env: { ...childEnvironment(), RSYNC_CHECKSUM_LIST: 'md5' } } : {}),
        input: namesOnStdin(paths),
        fileLimit: 0,
        budget: Number.POSITIVE_INFINITY,
        hear: (chunk) => {
          heard += chunk.length
          const lines = (rest + chunk.toString('latin1')).split('\n')
          rest = lines.pop()!
          for (const line of lines) take(line)
          return heard <= MOST * (paths.length + 1)
        },
      },
      run,
    ),
  )
  // Two answers are none.
  for (const path of twice) shown.delete(path)
  if (digests && shown.size > 0 && [...shown.values()].every(({ digest }) => digest === null))
    throw unsupported()
  return shown
}
