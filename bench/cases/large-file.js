// @ts-check
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { race, runChild, slowness } from '../measure.js'
import { declareBackup, FAST_CIPHER, makeFiles, rsyncArgv } from '../world.js'

/** @type {import('../bench.js').Case} */
export const largeFile = {
  name: 'large-file',
  how: `One file of 1 GiB with its \`.md5\`. Peers: \`rsync -rt\` with the same cipher, followed by one read that computes both
digests (\`openssl md5\` and \`openssl sha256\` in parallel); \`rsync -rt\` with ssh's default cipher and no check.`,
  async run({ world, quick, say }) {
    const mib = quick ? 128 : 1024
    const work = quick ? `${mib} MiB` : '1 GiB'
    const served = await world.folder('served')
    say(`making ${work}`)
    await makeFiles(served, 1, mib * 1024 * 1024)
    const source = await world.startSource(served)
    const box = await declareBackup(world, { source })
    const into = join(world.scratch, 'peer')
    const after = () => rm(into, { recursive: true, force: true })
    const file = join(into, 'file-000000.bin')
    const seconds = await race(quick ? 3 : 5, {
      ours: { before: () => box.forget(), run: () => box.pass(1), after: () => box.forget() },
      checked: {
        async run() {
          await runChild(rsyncArgv(source, into, FAST_CIPHER), { env: world.env })
          await Promise.all(['-md5', '-sha256'].map((kind) => runChild(['openssl', 'dgst', kind, file])))
        },
        after,
      },
      plain: { run: () => runChild(rsyncArgv(source, into, null), { env: world.env }), after },
    })
    return [
      slowness({
        work: `**loopback: ${work}**`,
        against: 'rsync, same cipher, then both digests',
        ours: seconds.ours,
        peer: seconds.checked,
        atMost: 1.15,
      }),
      slowness({
        work,
        against: "rsync, ssh's default cipher",
        ours: seconds.ours,
        peer: seconds.plain,
        atMost: 1.1,
      }),
    ]
  },
}
