// @ts-check

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { race, runChild, slowness, speedUp } from '../measure.js'
import { declareBackup, FAST_CIPHER, makeFiles, rcloneArgv, rsyncArgv, scriptArgv } from '../world.js'

const SAMPLE = 10

/** @type {import('../bench.js').Case} */
export const smallFiles = {
  name: 'small-files',
  how: `2,000 files of 16 KiB with their \`.md5\`. Peers: one \`rsync -rt\` of data and markers with the same
cipher; \`rclone copy --immutable\` over sftp with its defaults, to an account with a shell, where it can query each file's md5 to
check what arrived, and, for comparison only, to an sftp-only account, where it checks nothing; and the hourly script
(\`rsync --checksum --partial\`, first the file, then its \`.md5\`; without its bandwidth limit) over ${SAMPLE} of the files, scaled to all.`,
  async run({ world, quick, say }) {
    const count = quick ? 200 : 2000
    const work = `${count.toLocaleString('en')} × 16 KiB with markers`
    const served = await world.folder('served')
    say(`making ${work}`)
    await makeFiles(served, count, 16 * 1024)
    const source = await world.startSource(served)
    const shell = await world.startSource(served, { command: null })
    const sftpOnly = await world.startSource(served, { command: 'internal-sftp' })
    const box = await declareBackup(world, { source })
    const into = join(world.scratch, 'peer')
    const hasRclone = await execa('rclone', ['version']).then(
      () => true,
      () => false,
    )
    const after = () => rm(into, { recursive: true, force: true })

    let logins = 0
    /** @type {Record<string, import('../measure.js').Contender>} */
    const contenders = {
      ours: {
        before: () => box.forget(),
        async run() {
          const before = source.countSessions()
          await box.pass(count)
          logins = Math.max(logins, source.countSessions() - before)
        },
        after: () => box.forget(),
      },
      rsync: {
        run: () => runChild(rsyncArgv(source, into, FAST_CIPHER), { env: world.env }),
        after,
      },
      script: {
        before: () => mkdir(into),
        async run() {
          for (const argv of scriptArgv(source, into, SAMPLE)) await runChild(argv, { env: world.env })
        },
        after,
      },
      ...(hasRclone && {
        checked: { run: () => runChild(rcloneArgv(shell, served, into), { env: world.env }), after },
        unchecked: { run: () => runChild(rcloneArgv(sftpOnly, served, into), { env: world.env }), after },
      }),
    }
    const seconds = await race(quick ? 3 : 5, contenders)
    const { ours = [], rsync = [], script: sample = [], checked, unchecked } = seconds
    const script = sample.map((value) => (value * count) / SAMPLE)
    return [
      {
        work: `${work}, ssh logins`,
        ours: String(logins),
        peer: '',
        result: String(logins),
        goal: '1',
        met: logins === 1,
      },
      slowness({
        work: `**loopback: ${work}**`,
        against: 'rsync, same cipher',
        ours,
        peer: rsync,
        atMost: 1.5,
      }),
      ...(checked === undefined || unchecked === undefined
        ? [{ work, ours: '', peer: 'rclone is not installed', result: '', goal: '≥ 10 × faster', met: null }]
        : [
            speedUp({ work, against: 'rclone --immutable', ours, peer: checked, atLeast: 10 }),
            {
              ...speedUp({
                work,
                against: 'rclone --immutable, unchecked',
                ours,
                peer: unchecked,
                atLeast: 0,
              }),
              goal: 'none',
              met: null,
            },
          ]),
      speedUp({
        work,
        against: `hourly script, ${SAMPLE} files scaled`,
        ours,
        peer: script,
        atLeast: 300,
      }),
    ]
  },
}
