import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real sshd, rsync and git: a case waits for processes, never for luck.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
