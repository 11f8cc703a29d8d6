// @ts-check
import { race, runChild, slowness } from '../measure.js'
import { CLI } from '../world.js'

/** @type {import('../bench.js').Case} */
export const startUp = {
  name: 'start-up',
  how: '`reconcile --version` against `node -e 0`.',
  async run({ quick }) {
    const seconds = await race(quick ? 7 : 21, {
      ours: { run: () => runChild([process.execPath, CLI, '--version']) },
      node: { run: () => runChild([process.execPath, '-e', '0']) },
    })
    return [
      slowness({
        work: '`reconcile --version`',
        against: '`node -e 0`',
        ours: seconds.ours,
        peer: seconds.node,
        atMost: 2,
      }),
    ]
  },
}
