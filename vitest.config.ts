import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest begins first, or all others would be over while it goes on alone. */
const LONGEST = [
  'watch/simulated-day',
  'house/docs-commands',
  'faults/disk-troubles',
  'faults/crash-steps',
  'faults/destination-crash',
  'watch/daemon',
  'faults/kill',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((name) => moduleId.includes(name))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real sshd, rsync and git: a case waits for processes, never for luck. So there may be more cases than processors, and
    // the limits are for what hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
    maxWorkers: Math.max(3, availableParallelism()),
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // The built command is run as it is.
    server: { deps: { external: [/\/dist\//] } },
  },
})
