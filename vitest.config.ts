import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real sshd, rsync and git: a case waits for processes, never for luck. So there may be more cases than processors, and
    // the limits are for what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: Math.max(3, availableParallelism()),
    pool: 'forks',
    // The built command is run as it is.
    server: { deps: { external: [/\/dist\//] } },
  },
})
