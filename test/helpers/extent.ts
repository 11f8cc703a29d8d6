/**
 * `npm run faults` takes every seed, every point and the whole of each simulated day; `npm run faults:quick` and `npm test` fewer of the
 * same kind, so that they end within minutes.
 */
const isFull = process.env['TEST_EXTENT'] === 'full'

/** What a test goes through here: all of it, or what stands for the rest. */
export const inFull = <Extent>(all: Extent, usual: Extent): Extent => (isFull ? all : usual)

/** Of a full extent's longest tests only this part: `31` is one in thirty-one. */
const SHARE = Number(process.env['FAULTS_SHARE'] ?? 1)

/** So many in full, or what is asked for of them. */
export const countInFull = (all: number, usual: number): number => inFull(Math.ceil(all / SHARE), usual)
