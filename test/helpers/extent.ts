/**
 * `npm run faults` takes every seed, every point and the whole of each simulated day; `npm run faults:quick` and `npm test` fewer of the
 * same kind, so that they end within minutes.
 */
const isFull = process.env['TEST_EXTENT'] === 'full'

/** What a test goes through here: all of it, or what stands for the rest. */
export const inFull = <Extent>(all: Extent, usual: Extent): Extent => (isFull ? all : usual)

/** Every `nth` of these, in order; of a full extent the part that FAULTS_SHARE asks for: `8` is an eighth. */
export function share<T>(all: readonly T[], nth: number): readonly T[] {
  const step = isFull ? nth * Number(process.env['FAULTS_SHARE'] ?? 1) : nth
  return all.filter((_, i) => i % step === 0)
}
