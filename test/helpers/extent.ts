/**
 * `npm run test:full` lives through every seed and the whole of each simulated day; `npm test` through fewer of the same kind, so that it
 * ends within minutes.
 */
const isFull = process.env['TEST_EXTENT'] === 'full'

/** What a test goes through here: all of it, or what stands for the rest. */
export const inFull = <Extent>(all: Extent, usual: Extent): Extent => (isFull ? all : usual)
