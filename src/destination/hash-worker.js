// @ts-check
/**
 * The thread that reads and hashes. Plain JavaScript, so that node loads the very same file from src and from dist. It opens
 * read-only and follows no symlink. A large file is shared by two such threads: `lead` reads each block into a ring of shared
 * memory and takes the sha256, `follow` takes the md5 of the same block, so that one read costs the longer of the two.
 */
import { createHash, hash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { BLOCK, HEAD, SLOT, SLOTS } from './hash-ring.js'

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
const block = Buffer.allocUnsafeSlow(BLOCK)

/** @typedef {{ inode: string, modified: string, size: number, head: string, md5: string, sha256: string } | { code: string }} Sums */

port.on('message', (/** @type {import('./hash-ring.js').HashTask} */ task) => {
  port.postMessage(answer(task))
})

/** @param {import('./hash-ring.js').HashTask} task */
function answer(task) {
  switch (task.kind) {
    case 'whole':
      return { sums: task.paths.map((path) => whole(path, new Int32Array(task.control))) }
    case 'lead':
      return lead(task.path, new Int32Array(task.control), Buffer.from(task.ring))
    case 'follow':
      return { md5: follow(new Int32Array(task.control), Buffer.from(task.ring)) }
  }
}

/**
 * Both digests by one thread.
 * @param {string} path
 * @param {Int32Array} control
 * @returns {Sums}
 */
function whole(path, control) {
  if (Atomics.load(control, SLOT.stop) === 1) return { code: 'ABORTED' }
  return reading(path, (descriptor, of) => {
    let size = readBlock(descriptor, block)
    const first = block.subarray(0, size)
    const head = first.toString('latin1', 0, HEAD)
    if (size < BLOCK) return { ...of, size, head, md5: hash('md5', first), sha256: hash('sha256', first) }
    const md5 = createHash('md5').update(first)
    const sha256 = createHash('sha256').update(first)
    for (;;) {
      if (Atomics.load(control, SLOT.stop) === 1) return { code: 'ABORTED' }
      const length = readBlock(descriptor, block)
      if (length === 0) return { ...of, size, head, md5: md5.digest('hex'), sha256: sha256.digest('hex') }
      md5.update(block.subarray(0, length))
      sha256.update(block.subarray(0, length))
      size += length
    }
  })
}

/**
 * @param {string} path
 * @param {Int32Array} control
 * @param {Buffer} ring
 */
function lead(path, control, ring) {
  const read = reading(path, (descriptor, of) => {
    const sha256 = createHash('sha256')
    let size = 0
    let head = ''
    for (let made = 0; ; made++) {
      for (;;) {
        if (Atomics.load(control, SLOT.stop) === 1) return { code: 'ABORTED' }
        const taken = Atomics.load(control, SLOT.taken)
        if (made - taken < SLOTS) break
        Atomics.wait(control, SLOT.taken, taken)
      }
      const at = (made % SLOTS) * BLOCK
      const length = readBlock(descriptor, ring.subarray(at, at + BLOCK))
      Atomics.store(control, SLOT.lengths + (made % SLOTS), length)
      Atomics.store(control, SLOT.made, made + 1)
      Atomics.notify(control, SLOT.made)
      if (length === 0) return { ...of, size, head, sha256: sha256.digest('hex') }
      if (made === 0) head = ring.toString('latin1', 0, Math.min(length, HEAD))
      sha256.update(ring.subarray(at, at + length))
      size += length
    }
  })
  // The follower waits for a block that will never come.
  if ('code' in read) {
    Atomics.store(control, SLOT.stop, 1)
    Atomics.notify(control, SLOT.made)
  }
  return read
}

/**
 * @param {Int32Array} control
 * @param {Buffer} ring
 * @returns {string | null} null: the leader gave up
 */
function follow(control, ring) {
  const md5 = createHash('md5')
  for (let taken = 0; ; taken++) {
    for (;;) {
      const made = Atomics.load(control, SLOT.made)
      if (made > taken) break
      if (Atomics.load(control, SLOT.stop) === 1) return null
      Atomics.wait(control, SLOT.made, made, 1000)
    }
    const length = Atomics.load(control, SLOT.lengths + (taken % SLOTS))
    if (length === 0) return md5.digest('hex')
    const at = (taken % SLOTS) * BLOCK
    md5.update(ring.subarray(at, at + length))
    Atomics.store(control, SLOT.taken, taken + 1)
    Atomics.notify(control, SLOT.taken)
  }
}

/**
 * @template T
 * @param {string} path
 * @param {(descriptor: number, of: { inode: string, modified: string }) => T} use
 * @returns {T | { code: string }}
 */
function reading(path, use) {
  let descriptor = -1
  try {
    // Without O_NONBLOCK, a FIFO that took the file's place would hang the thread.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor, { bigint: true })
    if (!stat.isFile()) return { code: 'EINVAL' }
    return use(descriptor, { inode: String(stat.ino), modified: String(stat.mtimeNs) })
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code
    if (code === undefined) throw error
    return { code }
  } finally {
    try {
      if (descriptor !== -1) closeSync(descriptor)
    } catch {
      // It was only read.
    }
  }
}

/**
 * Fills `into` unless the file ends first.
 * @param {number} descriptor
 * @param {Buffer} into
 */
function readBlock(descriptor, into) {
  let length = 0
  while (length < into.length) {
    const read = readSync(descriptor, into, length, into.length - length, null)
    if (read === 0) break
    length += read
  }
  return length
}
