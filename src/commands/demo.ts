import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { codeOfStop } from '../decide/status/exit-code.ts'
import { layout } from '../destination/layout.ts'
import { Stop } from '../model/failure.ts'
import type { Run } from '../model/run.ts'
import { shellWords } from '../model/shell-words.ts'
import type { DestinationStatus } from '../model/status.ts'
import { runTool } from '../system/child.ts'
import { ends, type Host, openConsole } from './argv/command-line.ts'
import type { Console } from './argv/console.ts'
import type { SharedFlags } from './argv/flags.ts'
import { type DemoScene, declareBackup, demoScene, md5Of } from './demo/scene.ts'
import { startThrowawaySource } from './demo/source.ts'
import { type DemoStage, demoStage } from './demo/stage.ts'
import { ourCommand } from './our-command.ts'

export function add(command: Command, host: Host): void {
  command
    .description('show the main job at work on this machine, over real ssh and rsync, in a private folder')
    .option('--keep', 'keep that folder afterwards')
    .action(
      ends(host, async ({ keep = false, ...given }: SharedFlags & { readonly keep?: boolean }) => {
        return demo(keep, openConsole(given), host.run)
      }),
    )
}

/**
 * Plays the main job with the real programs in a private folder. Returns exit code 0 only if every promise held. Leaves no process
 * behind, and without `keep` no file.
 */
async function demo(keep: boolean, { write, color }: Console, { signal, now }: Run): Promise<number> {
  const scene = await demoScene(now())
  const stage = demoStage({ write, color: color.write, signal, folder: scene.folder })
  let stopSource = async (): Promise<void> => {}
  try {
    const source = await startThrowawaySource({ folder: scene.keys, served: scene.source })
    stopSource = () => source.stop()
    await declareBackup(scene, source)
    await setTheScene(stage, scene, source.port)
    await lookFirst(stage, scene)
    const staged = await cutOff(stage, scene)
    await carryOn(stage, scene, staged)
    await nothingLeft(stage, scene)
    await rot(stage, scene)
    return curtain(stage, scene, keep)
  } catch (error) {
    if (!(signal.reason instanceof Stop)) throw error
    write(`\nStopped. ${keep ? `Everything is in ${scene.folder}.` : 'Everything is removed.'}\n`)
    return codeOfStop(signal.reason.why)
  } finally {
    await stopSource()
    await untilSendersAreGone(scene.source)
    if (!keep) await rm(scene.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function setTheScene(stage: DemoStage, scene: DemoScene, port: number): Promise<void> {
  stage.title('A source, and a backup declared')
  stage.say(`Everything happens in ${scene.folder}. A real sshd on 127.0.0.1:${port} serves its folder`)
  stage.say('source/ to one key, read-only through rrsync. It holds, each with its .md5:')
  const width = Math.max(...scene.cast.map(([name]) => name.length))
  for (const [name, bytes, remark] of scene.cast) {
    const size = bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`
    stage.say(`  ${name.padEnd(width)}  ${size.padStart(7)}  ${remark}`.trimEnd())
  }
  stage.say('')
  await stage.run(['cat', 'backups.d/shop.yaml'])
}

async function lookFirst(stage: DemoStage, scene: DemoScene): Promise<void> {
  stage.title('What would happen? A dry run writes nothing')
  const ended = await stage.reconcile(['--dry-run'])
  stage.promise(
    'a dry run wrote nothing',
    ended.code === 0 && !existsSync(scene.offsite) && !existsSync(join(scene.folder, 'state')),
  )
}

/** Returns the staged bytes once everything has ended, and their inode. */
async function cutOff(stage: DemoStage, scene: DemoScene) {
  stage.title('Pull, and cut the power halfway through the large file')
  const partial = join(layout(scene.offsite).staging, scene.large)
  const whole = (await stat(join(scene.source, scene.large))).size
  const ended = await stage.reconcile([], {
    async meanwhile(child) {
      while (!child.ended.aborted) {
        if ((await sizeOf(partial)) > whole * 0.4) return stage.kill(child.pid)
        await sleep(50)
      }
    },
  })
  await untilUnlocked(layout(scene.offsite).lock)
  const size = await sizeOf(partial)
  const inode = size > 0 ? (await stat(partial)).ino : 0
  stage.promise(
    'after kill -9 halfway, the bytes received were kept, and no partial file had its final name',
    ended.signal === 'SIGKILL' && size > 0 && size < whole && !existsSync(join(scene.offsite, scene.large)),
  )
  if (size > 0) stage.say(`${mib(size)} of ${mib(whole)} are kept in ${relative(scene.folder, partial)}.`)
  return { size, inode }
}

async function carryOn(
  stage: DemoStage,
  scene: DemoScene,
  before: Awaited<ReturnType<typeof cutOff>>,
): Promise<void> {
  stage.title('Again: it continues where it was cut off')
  const partial = join(layout(scene.offsite).staging, scene.large)
  let shrank = false
  const ended = await stage.reconcile([], {
    async meanwhile(child) {
      while (!child.ended.aborted && existsSync(partial)) {
        const size = await sizeOf(partial)
        shrank ||= size > 0 && size < before.size
        await sleep(100)
      }
    },
  })
  const large = join(scene.offsite, scene.large)
  stage.promise(
    'the transfer continued from the bytes that were kept, in the same file',
    before.size > 0 && !shrank && existsSync(large) && (await stat(large)).ino === before.inode,
  )
  stage.promise('every finished file and its .md5 arrived, byte for byte', await allPublished(scene))
  const names = existsSync(scene.offsite) ? await readdir(scene.offsite) : []
  stage.promise(
    `the file with the wrong .md5 (exit code 6) and the unfinished one were not published`,
    ended.code === 6 &&
      !names.some((name) => name.startsWith(scene.bad) || name.startsWith(scene.unfinished)),
  )
}

async function nothingLeft(stage: DemoStage, scene: DemoScene): Promise<void> {
  stage.title('In sync, except for what only the source can fix')
  const { ledger } = layout(scene.offsite)
  const before = await textOf(ledger)
  const ended = await stage.reconcile(['--dry-run', '--all'])
  const after = await textOf(ledger)
  stage.promise('with everything here, nothing was left to fetch', ended.code === 6 && before === after)
}

async function rot(stage: DemoStage, scene: DemoScene): Promise<void> {
  const name = scene.rotting
  stage.title('A good file rots at the source, which then writes a new .md5 for it')
  stage.say('The hourly script would now overwrite the last good copy.')
  const digest = await md5Of(join(scene.offsite, name)).catch(() => '')
  await stage.run(['md5sum', `offsite/${name}`])
  const quietly = ['bs=512', 'count=1', 'conv=notrunc', 'status=none']
  await stage.run(['dd', 'if=/dev/urandom', `of=source/${name}`, ...quietly])
  await stage.run(['md5sum', name], { redirect: { folder: 'source', file: `${name}.md5` } })
  const ended = await stage.reconcile([])
  const rotten = await md5Of(join(scene.source, name))
  await stage.run(['md5sum', `offsite/${name}`])
  const own = layout(scene.offsite)
  const published = (await textOf(own.ledger)).match(/"event":"published"/g)?.length ?? 0
  stage.promise('no file was published twice', published === scene.sound.length)
  const status: Partial<DestinationStatus> = JSON.parse((await textOf(own.status)) || '{}')
  stage.promise(
    'the rotten file was reported as a conflict (exit code 6), and the good copy was not touched',
    ended.code === 6 &&
      status.counts?.conflict === 1 &&
      digest !== '' &&
      digest !== rotten &&
      (await md5Of(join(scene.offsite, name)).catch(() => null)) === digest,
  )

  stage.title('What does status show?')
  const shown = await stage.reconcile(['status'])
  stage.promise(
    'the status saved with the copies shows the conflict',
    shown.code === 0 && status.counts?.conflict === 1,
  )
}

function curtain(stage: DemoStage, scene: DemoScene, keep: boolean): number {
  stage.title('What was seen')
  for (const { text, seen } of stage.promises) stage.say(`  ${seen ? 'yes' : 'NO '}  ${text}`)
  const kept = stage.promises.every(({ seen }) => seen)
  if (!kept) stage.say('Not everything went as promised; see the output above.')
  if (keep) {
    const command = shellWords(ourCommand())
    const own = layout(scene.offsite)
    stage.say(`
What is where, in ${scene.folder}:
  backups.d/shop.yaml   the backup, declared
  source/               what the source has
  offsite/              the copies; ${relative(scene.folder, own.ledger)} is their history
  state/                what this box remembers

Next:
  cd ${shellWords([scene.folder])}
  /usr/sbin/sshd -D -f ${shellWords([join(scene.keys, 'sshd_config')])} &   # start the source again; it ended with the demo
  ${command} --config etc/config.yaml --dry-run
  ${command} --config etc/config.yaml status shop`)
  } else {
    stage.say(`
The source is stopped and ${scene.folder} is removed.
Next: the same, but keep the folder to look around in:
  ${shellWords(ourCommand())} demo --keep`)
  }
  return kept ? 0 : 1
}

async function allPublished(scene: DemoScene): Promise<boolean> {
  for (const name of scene.sound.flatMap((data) => [data, `${data}.md5`])) {
    const [here, there] = await Promise.all(
      [scene.offsite, scene.source].map((folder) => md5Of(join(folder, name)).catch(() => null)),
    )
    if (here === null || here !== there) return false
  }
  return true
}

/** Empty where it cannot be read. */
const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

/** A killed run's lock lasts until its last child has ended. */
async function untilUnlocked(lock: string): Promise<void> {
  for (let tries = 0; tries < 200 && existsSync(lock); tries++) {
    const { exitCode } = await runTool('flock', ['-n', lock, 'true'])
    if (exitCode === 0) return
    await sleep(50)
  }
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (found) => found.size,
    () => 0,
  )

const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

/** Milliseconds. */
const PATIENCE_MS = 10_000

/**
 * Waits for the source's rsync, which serves `folder`: once its reader is gone it ends at its next write, and with a rate limit it
 * sleeps between writes.
 */
async function untilSendersAreGone(folder: string): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(50)) {
    const lines = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    )
    if (!lines.some((line) => line.includes('rsync') && line.includes(folder))) return
  }
}
