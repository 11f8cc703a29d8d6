import { readFile } from 'node:fs/promises'
import { Failure } from '../model/failure.ts'
import { runTool } from '../system/child.ts'
import { LEGACY_ALGORITHMS, type LegacyAlgorithms, type SshAbilities } from './ssh-command.ts'

/** Asks this machine once; the source is not involved. */
export async function probeSsh(legacy: boolean): Promise<SshAbilities> {
  const cpu = await readFile('/proc/cpuinfo', 'latin1').catch(() => '')
  return {
    aes: /^(flags|Features)\s*:.*\baes\b/m.test(cpu),
    legacy: legacy ? await knownOf(LEGACY_ALGORITHMS) : null,
  }
}

/** Those that this ssh still knows: it refuses to start if given one that it does not know. */
async function knownOf(wanted: LegacyAlgorithms): Promise<LegacyAlgorithms> {
  const known = async (question: string, names: readonly string[]): Promise<readonly string[]> => {
    try {
      const { exitCode, stdout } = await runTool('ssh', ['-Q', question])
      const lines = exitCode === 0 ? stdout.split('\n') : []
      return names.filter((name) => lines.includes(name))
    } catch (error) {
      if (error instanceof Failure && error.code === 'missing-tool') throw error
      return []
    }
  }
  return {
    hostKeys: await known('key', wanted.hostKeys),
    keyExchanges: await known('kex', wanted.keyExchanges),
    ciphers: await known('cipher', wanted.ciphers),
    macs: await known('mac', wanted.macs),
  }
}
