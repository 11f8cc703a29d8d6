import { hostText } from '../model/host-text.ts'
import type { Source } from '../model/ports.ts'
import type { Run } from '../model/run.ts'
import type { LocalPlace, SshPlace } from '../model/spec.ts'
import { failureFrom } from '../model/system-error.ts'
import { checkKeys } from './check-keys.ts'
import type { Stage } from './explain-failure.ts'
import { fetchFiles } from './fetch-files.ts'
import { listFolder } from './list-folder.ts'
import { lookAt } from './look-at.ts'
import { probeSsh } from './probe-ssh.ts'
import { pullBatch } from './pull-batch.ts'
import type { Far } from './rsync-command.ts'
import { shareLogins } from './shared-login.ts'
import { sshCommand } from './ssh-command.ts'

/** The far side of one backup, over ssh or on this machine. Connects to nothing until it is asked. */
export function openSource(
  place: SshPlace | LocalPlace,
  options: {
    /** Seconds without progress after which a listing or a fetch is given up; pulls bring their own. */
    readonly transferTimeout: number
  },
): Source {
  let ready: Promise<Far> | null = null
  let logins: ReturnType<typeof shareLogins> | null = null
  const outside = async (): Promise<Far> => {
    if (place.kind === 'ssh') await checkKeys(place)
    ready ??= prepareFar(place, options.transferTimeout)
    return ready
  }
  const far = (stage: Stage, run: Run): Promise<Far> =>
    logins === null ? outside() : logins.over(outside, stage, run)
  return {
    label: place.kind === 'ssh' ? sshLabel(place) : place.path,
    host: place.kind === 'ssh' ? place.host.toLowerCase() : null,
    async connected(work) {
      if (place.kind === 'local' || logins !== null) return work()
      const shared = shareLogins()
      logins = shared
      try {
        return await work()
      } finally {
        logins = null
        await shared.end()
      }
    },
    list: async (run, concern) => listFolder(await far('list', run), run, concern),
    fetch: async (wanted, run) => fetchFiles(place, () => far('fetch', run), wanted, run),
    look: async (files, options, run) => lookAt(() => far('look', run), files, options, run),
    pull: async (batch, run) => {
      try {
        return await pullBatch(await far('pull', run), batch, run)
      } catch (error) {
        return { ended: 'broken', failure: failureFrom(error), problems: [], received: 0 }
      }
    },
  }
}

/** `timeout`: seconds without progress. Connects to nothing. */
export async function prepareFar(place: SshPlace | LocalPlace, timeout: number): Promise<Far> {
  const ssh = place.kind === 'ssh' ? sshCommand(place, await probeSsh(place.algorithms === 'legacy')) : null
  return { place, ssh, timeout }
}

function sshLabel({ user, host, port, path }: SshPlace): string {
  const there = hostText(host)
  return `${user}@${there}:${port === 22 ? '' : `${port}:`}${path}`
}
