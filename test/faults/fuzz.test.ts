import { expect, test } from 'vitest'
import { countInFull, inFull } from '../helpers/extent.ts'
import { fuzz } from '../helpers/fuzz.ts'
import { fuzzTargets } from '../helpers/fuzz-targets.ts'

/** For each reader. In full some six million in all. */
const INPUTS = countInFull(250_000, 300)
/** Bytes of memory that one reader may have taken for good: of 250,000 inputs, and 64 in use at a time, nothing is to be left. */
const GROWTH = 64 << 20

const seed = Number(process.env['FAULTS_SEED'] ?? 1)

test('I15: whatever bytes a reader is given, it ends, throws nothing but failures, and keeps nothing', async () => {
  const targets = fuzzTargets()
  const { faults, kept, grown } = await fuzz(targets, seed, INPUTS, inFull(true, false))
  console.info(
    `${targets.length} readers, ${INPUTS} inputs each, ${kept} kept as they reached other code, ${grown >> 20} MiB more memory`,
  )
  expect(faults).toEqual([])
  expect(grown).toBeLessThan(GROWTH)
})
