import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { type DocWorld, docWorld } from './doc-world.ts'
import { commandsIn, documents } from './documented.ts'

/** Commands that are shown and not run by a test of documents, each with where it is run instead, or why it is not. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm run demo': 'test/e2e/demo.test.ts runs the demo',
  'npm test': 'it is what runs this',
  'npm run faults': 'it is npm run faults:quick, for longer',
  'npm run faults:quick': '.ci/run runs it',
  'npm run build': 'scripts/set-up runs it, and test/house/set-up.test.ts looks when',
  'npx vitest run test/decide': 'it is what runs this, for another folder',
  'reconcile watch': 'it stays: test/watch/daemon.test.ts starts and ends it',
  'npm run test:nodes': 'runs the tests that run this, on other Nodes',
  'npm run check': '.ci/run runs its three parts',
  'npm run format': 'rewrites the clone under the tests that read it',
  'npm run docs': 'rewrites the clone; test/specs holds docs/spec.md to what it would write',
  '.ci/run': 'runs this',
  'sh scripts/set-up': 'npm test runs it; test/house/set-up.test.ts runs it on made-up machines',
  'npm install --global "$(npm pack --silent)"': 'changes the machine; what npm packs is looked at below',
  'reconcile add deploy@db1.example.net:/srv/dumps --to /srv/offsite/db1':
    'test/e2e/first-backup.test.ts answers its questions',
  'reconcile db1': 'test/e2e/first-backup.test.ts',
  'cd /srv/offsite/db1 && md5sum -c *.md5': 'test/e2e/first-backup.test.ts',
  'apt-get install rsync openssh-server python3': 'needs root, changes the machine',
  'useradd --user-group --no-create-home --home-dir /var/lib/pull --shell /bin/sh pull':
    'needs root, changes the machine',
  "usermod --password '*' pull": 'needs root, changes the machine',
  'install -d -m 0755 /var/lib/pull /var/lib/pull/.ssh': 'needs root, changes the machine',
  "printf 'Port 222\\n' > /etc/ssh/sshd_config.d/port.conf": 'needs root, changes the machine',
  'promtool check rules docs/monitoring/alerts.yaml':
    'test/house/monitoring.test.ts does it, where promtool is installed',
  'promtool test rules docs/monitoring/alerts.test.yaml':
    'test/house/monitoring.test.ts does it, where promtool is installed',
  'sshd -t && systemctl reload ssh': 'needs root, changes the machine',
  'useradd --system --home-dir /var/lib/reconcile --shell /usr/sbin/nologin reconcile':
    'needs root, changes the machine',
  'install -d -o reconcile -g reconcile -m 0750 /srv/offsite': 'needs root, and a user that is not here',
  'sudo -u reconcile reconcile --dry-run': 'needs sudo, and a user that is not here',
  'cryptsetup luksFormat --label offsite /dev/sdX1': 'needs root and a device mapper',
  'cryptsetup open /dev/disk/by-label/offsite offsite': 'needs root and a device mapper',
  'mkfs.ext4 -L offsite1 /dev/mapper/offsite': 'needs root and a device mapper',
  'systemctl daemon-reload': 'needs systemd as the first process',
  'systemctl enable --now reconcile.service': 'needs systemd as the first process',
  'systemctl enable --now reconcile.timer': 'needs systemd as the first process',
  'systemctl edit reconcile.service': 'needs systemd as the first process',
  'systemctl status reconcile.service': 'needs systemd as the first process',
  'systemctl list-timers reconcile.timer': 'needs systemd as the first process',
  'systemctl reload reconcile.service': 'needs systemd as the first process',
  'systemctl stop reconcile.service': 'needs systemd as the first process',
  'journalctl -u reconcile.service -u reconcile-once.service --since today':
    'needs systemd as the first process',
}

const REST = 'docs-commands.test.ts'

/** The documents whose commands are run by another file than docs-commands.test.ts, each with that file. */
const RUN_BY: Readonly<Record<string, string>> = {
  'docs/gitops.md': 'docs-commands-gitops.test.ts',
  'docs/log.md': 'docs-commands-restore.test.ts',
  'docs/monitoring.md': 'docs-commands-monitoring.test.ts',
  'docs/restore.md': 'docs-commands-restore.test.ts',
  'docs/verify.md': 'docs-commands-restore.test.ts',
  'docs/review.md': 'docs-commands-review.test.ts',
  'docs/retention.md': 'docs-commands-review.test.ts',
  'docs/notices.md': 'docs-commands-service.test.ts',
  'docs/rotation.md': 'docs-commands-rotation.test.ts',
  'docs/schedules.md': 'docs-commands-schedules.test.ts',
  'docs/service.md': 'docs-commands-service.test.ts',
}

/** Every command that a document shows, and which file of tests runs it. */
export const shown = documents.flatMap((path) =>
  commandsIn(path).map((command) => ({ path, command, by: RUN_BY[path] ?? REST })),
)

/** What the tests of one file run commands with. */
export interface Following {
  /** A world for one test; ended with it. */
  world(): Promise<DocWorld>
  /** Runs a command that the document shows, word for word. */
  follow(
    document: string,
    command: string,
    fill?: (command: string) => string,
  ): Promise<{ readonly code: number; readonly out: string; readonly all: string }>
  /** For commands that were run as part of a script. */
  readonly ran: Set<string>
  /** The last tests of the file: all commands of its documents have been run, or are reviewed. */
  expectAllRun(): void
}

/** `file`: the name of the test file that asks. */
export function followDocuments(file: string): Following {
  const ran = new Set<string>()
  let open: DocWorld | null = null
  const close = async () => {
    await open?.close()
    open = null
  }
  afterEach(close)
  afterAll(close)
  return {
    ran,
    async world() {
      open = await docWorld()
      return open
    },
    async follow(document, command, fill = (same) => same) {
      expect(commandsIn(document), `${document} shows: ${command}`).toContain(command)
      ran.add(command)
      return open!.run(fill(command))
    },
    expectAllRun() {
      describe('every command that a document shows', () => {
        test('is run above, or reviewed', () => {
          const here = shown.filter(({ by }) => by === file)
          expect(here.length).toBeGreaterThan(0)
          expect(here.filter(({ command }) => !ran.has(command) && !(command in ELSEWHERE))).toEqual([])
        })
      })
    },
  }
}
