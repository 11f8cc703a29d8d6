import { afterEach, expect, test } from 'vitest'
import { countInFull } from '../helpers/extent.ts'
import { expectConverged, expectOnlyWhole, stagedSize } from '../helpers/fault-checks.ts'
import { descendants, killAll, membersOf, until } from '../helpers/fault-processes.ts'
import { type Line, makeLine } from '../helpers/line.ts'
import { randomOf, seedsOf } from '../helpers/random.ts'
import { makeWorld, noise, type Started, type World } from '../helpers/world.ts'

let world: World
let line: Line
afterEach(async () => {
  await line.end()
  await world.end()
})

const WAYS = [
  'line ends',
  'line resets',
  'source’s session',
  'receiver',
  'generator',
  'ssh',
  'all of rsync',
  'us',
  'us and all',
] as const
const CUTS = countInFull(1_000, WAYS.length)
/** Bytes of it for each cut. */
const PACE = 800_000
/** What rsync's receiver holds before it writes. */
const BUFFER = 256 * 1024
/** Of a session: keys, listings, names. */
const TALK = 10_000
/** Of ssh's: a part of one is nothing. */
const PACKET = 33_000

test('I7 I11 I13: a transfer that is cut and killed at random goes on where it was, and ends right', async () => {
  const seed = Number(process.env['FAULTS_SEED'] ?? 1)
  const random = randomOf(seed)
  const size = CUTS * PACE
  world = await makeWorld('ssh', { calls: 'here' })
  line = await makeLine(world)
  await world.declare('pg', { source: line.place })
  const offered = new Map([['big.tar', noise(size, 'big')]])
  await world.offer('big.tar', offered.get('big.tar')!)

  const start = (): { command: Started; hasEnded: () => boolean } => {
    const command = world.start(['--json'])
    let hasEnded = false
    void command.then(() => {
      hasEnded = true
    })
    return { command, hasEnded: () => hasEnded }
  }
  let running = start()
  const ways = Array.from({ length: CUTS }, (_, i) => WAYS[i % WAYS.length]!).sort(() => random() - 0.5)
  for (const [i, way] of ways.entries()) {
    const what = `FAULTS_SEED=${seed}, cut ${i}: ${way}`
    const had = await stagedSize(world, 'big.tar')
    const after = 2 * TALK + random.int(2 * (PACE - BUFFER))
    const before = line.happened()
    line.next({ after, how: way === 'line ends' ? 'end' : way === 'line resets' ? 'reset' : 'hold' })
    for (;;) {
      await until(() => line.happened() > before || running.hasEnded())
      if (line.happened() > before) break
      // It had tried often enough for one pass; the next one goes on.
      const { exitCode, stdout } = await running.command
      expect(exitCode, `${what}: ${stdout}`).toBe(1)
      running = start()
    }
    line.next(null)
    if (way.startsWith('line')) continue
    // All that came is written, but for what rsync holds back.
    await until(async () => (await stagedSize(world, 'big.tar')) >= had + after - TALK - PACKET - BUFFER)
    const all = descendants(running.command.pid!)
    const generator = all.find(({ pid, group, program }) => program === 'rsync' && pid === group)!
    const pidsOf = (isOne: (one: (typeof all)[number]) => boolean): readonly number[] =>
      all.filter((one) => one.group === generator.group && isOne(one)).map(({ pid }) => pid)
    if (way === 'source’s session')
      killAll(
        descendants(world.sshd!.pid)
          .filter(({ program }) => program.startsWith('sshd'))
          .map(({ pid }) => pid),
      )
    else if (way === 'receiver')
      killAll(pidsOf(({ program, pid }) => program === 'rsync' && pid !== generator.pid))
    else if (way === 'generator') killAll([generator.pid])
    else if (way === 'ssh') killAll(pidsOf(({ program }) => program === 'ssh'))
    else if (way === 'all of rsync') killAll(pidsOf(() => true))
    else {
      killAll(way === 'us' ? [running.command.pid!] : [running.command.pid!, ...pidsOf(() => true)])
      expect((await running.command).signal, what).toBe('SIGKILL')
      await until(() => membersOf(generator.group).length === 0)
      running = start()
    }
    await expectOnlyWhole(world, offered)
    line.cut()
  }
  const { exitCode, stdout } = await running.command
  expect(exitCode, `FAULTS_SEED=${seed}: ${stdout}`).toBe(0)
  await expectConverged(world, offered)
  const { bytes, connections } = line.carried()
  const resent = bytes - size
  console.info(`${CUTS} cuts of ${size} bytes: ${resent} bytes more than it has, in ${connections} sessions`)
  expect(line.happened()).toBe(CUTS)
  expect(resent).toBeLessThan(size / 100 + CUTS * (BUFFER + PACKET) + connections * TALK)
})

/** In full this is about 1,500 sessions. */
const FLIPPED = seedsOf(countInFull(500, 3))

test('I1 I2: a line that flips one bit of ssh’s ends the session, and nothing wrong is published', async () => {
  world = await makeWorld('ssh', { calls: 'here' })
  line = await makeLine(world)
  const offered = new Map<string, Buffer>()
  const before = line.carried().connections
  for (const seed of FLIPPED) {
    const random = randomOf(seed)
    const name = `db-${seed}.tar`
    offered.set(name, noise(60_000, name))
    await world.offer(name, offered.get(name)!)
    await world.declare('pg', { source: line.place, transfer: { timeout: '5s' } })
    const up = random.chance(0.3)
    // Both ends have said all that they have to say by then, but for the data.
    const after = up || random.chance(0.5) ? random.int(3_000) : random.int(60_000)
    line.next({ how: 'flip', after, up })
    const result = await world.pass('--max-time', '2s')
    expect(result.exitCode, `FAULTS_SEED=${seed}`).toBeLessThan(7)
    await expectOnlyWhole(world, offered)
    line.next(null)
    expect(await world.pass(), `FAULTS_SEED=${seed}`).toMatchObject({ exitCode: 0 })
    await expectConverged(world, offered)
  }
  console.info(`${line.happened()} flips in ${line.carried().connections - before} sessions`)
})
