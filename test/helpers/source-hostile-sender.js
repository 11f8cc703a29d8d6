// @ts-check
// A sender that speaks rsync's protocol 31 just well enough to lie in it. It hears nothing of what it is asked, and says:
//   node source-hostile-sender.js FILES TRANSFERS
// FILES: JSON [[name, size], …] as its file list claims. TRANSFERS: JSON [[index, text, times, pauseMs], …] as its data goes.
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'

const [files, transfers] = process.argv
  .slice(2, 4)
  .map((word) => JSON.parse(Buffer.from(word ?? '', 'hex').toString()))

/** @param {Buffer} bytes */
function write(bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at)
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') process.exit(1)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
/** @param {number} value */
const int = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}
// Multiplexed data: tag 7 over the length.
/** @param {Buffer} bytes */
const say = (bytes) => {
  for (let at = 0; at < bytes.length; at += 32_768) {
    const piece = bytes.subarray(at, at + 32_768)
    write(Buffer.concat([int(0x07000000 + piece.length), piece]))
  }
}

/**
 * rsync's write_varlong: as few of the bytes above `least` as will do, told by the leading bits of the first.
 * @param {number} value
 * @param {number} least
 */
function varlong(value, least) {
  const bytes = Buffer.alloc(9)
  bytes.writeBigInt64LE(BigInt(value), 1)
  let count = 8
  while (count > least && bytes[count] === 0) count--
  const bit = 1 << (7 - count + least)
  const last = bytes[count] ?? 0
  if (last >= bit) {
    count++
    bytes[0] = ~(bit - 1) & 0xff
  } else if (count > least) bytes[0] = (last | ~(bit * 2 - 1)) & 0xff
  else bytes[0] = last
  return bytes.subarray(0, count)
}

let previous = -1
/** @param {number} index */
function indexOf(index) {
  const difference = index - previous
  previous = index
  if (difference > 0 && difference < 0xfe) return Buffer.from([difference])
  if (difference < 0) {
    const four = int(index)
    return Buffer.from([0xfe, (four[3] ?? 0) | 0x80, four[0] ?? 0, four[1] ?? 0, four[2] ?? 0])
  }
  return Buffer.from([0xfe, difference >> 8, difference & 0xff])
}

// Version 31, no compatibility flags, seed.
write(Buffer.concat([int(31), Buffer.from([0]), int(1)]))
process.stdin.resume()

for (const [name, size] of files) {
  const bytes = Buffer.from(name)
  const long = bytes.length > 255
  const length = long ? varlong(bytes.length, 1) : Buffer.from([bytes.length])
  say(
    Buffer.concat([
      Buffer.from([long ? 0x41 : 0x01]),
      length,
      bytes,
      varlong(size, 3),
      varlong(1_700_000_000, 4),
      int(0o100644),
    ]),
  )
}
say(Buffer.from([0]))

for (const [index, text, times, pause] of transfers) {
  const piece = Buffer.from(text)
  const sum = createHash('md5')
  say(Buffer.concat([indexOf(index), Buffer.from([0x00, 0x80]), int(0), int(0), int(0), int(0)]))
  for (let i = 0; i < times; i++) {
    say(Buffer.concat([int(piece.length), piece]))
    sum.update(piece)
  }
  say(Buffer.concat([int(0), sum.digest()]))
  await new Promise((done) => setTimeout(done, pause))
}
// The three phases, and statistics, are done.
say(Buffer.from([0, 0, 0]))
for (let i = 0; i < 5; i++) say(varlong(0, 3))
say(Buffer.from([0]))
setTimeout(() => process.exit(0), 300)
