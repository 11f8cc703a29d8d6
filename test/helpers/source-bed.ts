import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  startThrowawaySource,
  type ThrowawayOptions,
  type ThrowawaySource,
} from '../../src/commands/demo/source.ts'
import { instant } from '../../src/model/instant.ts'
import type { PullBatch, PullReport, Source } from '../../src/model/ports.ts'
import type { RelPath } from '../../src/model/rel-path.ts'
import type { Run } from '../../src/model/run.ts'
import type { LocalPlace, SshPlace } from '../../src/model/spec.ts'
import { openSource } from '../../src/source/open-source.ts'
import { QUICK_EXCHANGE } from './world.ts'

/** A run that nobody watches. */
export const quietRun = (signal: AbortSignal = new AbortController().signal): Run => ({
  now: () => instant(Date.now()),
  signal,
  emit: () => {},
})

/** A folder of files at a source, over ssh or on this machine, and a staging folder to pull into. */
export interface SourceBed {
  readonly folder: string
  /** What the source serves. */
  readonly served: string
  readonly staging: string
  readonly sshd: ThrowawaySource | null
  place(change?: Partial<SshPlace>): SshPlace | LocalPlace
  open(change?: Partial<SshPlace>, timeout?: number): Source
  /** Pulls `path SIZE [staged]` files with everything else as usual. */
  pull(
    source: Source,
    files: readonly (readonly [string, number, number?])[],
    change?: Partial<PullBatch>,
    run?: Run,
  ): Promise<PullReport>
  end(): Promise<void>
}

export async function makeSourceBed(
  kind: 'ssh' | 'local',
  options: Partial<Pick<ThrowawayOptions, 'command' | 'config'>> = {},
): Promise<SourceBed> {
  const folder = await mkdtemp(join(tmpdir(), `source-${kind}-`))
  const served = join(folder, 'served')
  const staging = join(folder, 'staging')
  await mkdir(served)
  await mkdir(staging, { mode: 0o700 })
  const sshd =
    kind === 'local'
      ? null
      : await startThrowawaySource({
          folder: join(folder, 'keys'),
          served,
          ...options,
          config: [...(options.config ?? []), ...QUICK_EXCHANGE],
        })
  const lock = await open(join(folder, 'lock'), 'w')
  const place = (change: Partial<SshPlace> = {}): SshPlace | LocalPlace =>
    sshd === null
      ? { kind: 'local', path: served, listing: change.listing ?? null }
      : {
          kind: 'ssh',
          host: sshd.host,
          port: sshd.port,
          user: sshd.user,
          identity: sshd.identity,
          knownHosts: sshd.knownHosts,
          path: '.',
          jump: [],
          listing: null,
          protocol: null,
          algorithms: 'default',
          ...change,
        }
  return {
    folder,
    served,
    staging,
    sshd,
    place,
    open: (change = {}, timeout = 300) => asInPass(openSource(place(change), { transferTimeout: timeout })),
    pull: (source, files, change = {}, run = quietRun()) =>
      source.pull(
        {
          mode: 'append',
          files: files.map(([path, size, stagedBytes = 0]) => ({ path: path as RelPath, size, stagedBytes })),
          into: staging,
          inherit: lock.fd,
          rate: null,
          timeout: 300,
          report: () => {},
          ...change,
        },
        run,
      ),
    end: async () => {
      await sshd?.stop()
      await lock.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Each session goes over a login of its own, as a pass's first one does. */
const asInPass = (source: Source): Source => ({
  ...source,
  list: (...asked) => source.connected(() => source.list(...asked)),
  fetch: (...asked) => source.connected(() => source.fetch(...asked)),
  look: (...asked) => source.connected(() => source.look(...asked)),
  pull: (...asked) => source.connected(() => source.pull(...asked)),
})
