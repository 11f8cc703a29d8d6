import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What takes longest begins first, or all others would be over while it goes on alone. */
const LONGEST = [
  'faults/simulated-day',
  'faults/cuts',
  'faults/kernel-errors',
  'faults/every-call',
  'faults/schedules',
  'faults/source-pull',
  'faults/prune-two-years',
  'faults/prune-adversary',
  'faults/prune-against-calm',
  'faults/lying-source',
  'faults/kill',
  'faults/disk-troubles',
  'faults/destination-crash',
  'e2e/limits',
  'e2e/add',
  'e2e/notices',
  'house/docs-commands',
  'e2e/together',
  'e2e/demo',
  'watch/daemon',
  'watch/follows-git',
]

/** Decisions over data, done in a moment: these share processes, as starting one takes longer than most of them do. */
const PURE = ['test/{decide,model,view}/**/!(attacks|forecast|simulated).test.ts']

/**
 * Rooms whose tests make their own folders and leave nothing behind in the process: no variable, no current folder, no mask. These
 * share processes as well, but not with the pure ones, as some of those count timers.
 */
const TIDY = ['test/{box,contract,destination,reconcile,source,specs}/**/*.test.ts']

/** What breaks in every way a disk, a line, a process or a source can, and long simulated lives: `npm run faults`. */
const FAULTS = ['test/faults/*.test.ts']

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      if (project.name === 'pure') return LONGEST.length + 1
      const place = LONGEST.findIndex((name) => moduleId.includes(name))
      return place === -1 ? LONGEST.length : place
    }
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      { extends: true, test: { name: 'tidy', include: TIDY, isolate: false } },
      { extends: true, test: { name: 'faults', include: FAULTS } },
      {
        extends: true,
        test: {
          name: 'all else',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, ...TIDY, ...FAULTS],
        },
      },
    ],
    // Real sshd, rsync and git: a case waits for processes, never for luck. So there may be more cases than processors, and
    // the limits are for what hangs.
    // In full one test may go through a thousand cuts, or ten million schedules.
    testTimeout: process.env['TEST_EXTENT'] === 'full' ? 24 * 3_600_000 : 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
    maxWorkers: Math.max(5, 2 * availableParallelism()),
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    // The built command is run as it is.
    server: { deps: { external: [/\/dist\//] } },
  },
})
