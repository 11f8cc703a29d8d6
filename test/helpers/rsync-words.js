// @ts-check
// Pieces of what a sender of rsync's protocol 31 says.

/** @param {number} value */
export const int = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

/**
 * What is said to one who listens to tag `tag`, 0 for data.
 * @param {Buffer} bytes
 */
export const framed = (bytes, tag = 0) => Buffer.concat([int(((7 + tag) << 24) | bytes.length), bytes])

/**
 * Multiplexed data.
 * @param {Buffer} bytes
 */
export function data(bytes) {
  const frames = []
  for (let at = 0; at < bytes.length; at += 32_768) frames.push(framed(bytes.subarray(at, at + 32_768)))
  return Buffer.concat(frames)
}

/**
 * rsync's write_varlong: as few of the bytes above `least` as will do, told by the leading bits of the first.
 * @param {number} value
 * @param {number} least
 */
export function varlong(value, least) {
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

/** An index in the list of files is said as the difference to the one before. */
export function indexer() {
  let previous = -1
  /** @param {number} index */
  return (index) => {
    const difference = index - previous
    previous = index
    if (difference > 0 && difference < 0xfe) return Buffer.from([difference])
    if (difference < 0) {
      const four = int(index)
      return Buffer.from([0xfe, (four[3] ?? 0) | 0x80, four[0] ?? 0, four[1] ?? 0, four[2] ?? 0])
    }
    return Buffer.from([0xfe, difference >> 8, difference & 0xff])
  }
}

/** Version 31, no compatibility flags, seed. */
export const greeting = () => Buffer.concat([int(31), Buffer.from([0]), int(1)])

/**
 * An entry of the list of files.
 * @param {string | Buffer} name
 * @param {number} size
 * @param {number} mode
 */
export function entry(name, size, mode = 0o100644, mtime = 1_700_000_000) {
  const bytes = Buffer.from(name)
  const long = bytes.length > 255
  return Buffer.concat([
    Buffer.from([long ? 0x41 : 0x01]),
    long ? varlong(bytes.length, 1) : Buffer.from([bytes.length]),
    bytes,
    varlong(size, 3),
    varlong(mtime, 4),
    int(mode),
  ])
}

/** The head of one file's data: its attributes, and that nothing of it is there already. */
export const begins = () => Buffer.concat([Buffer.from([0x00, 0x80]), int(0), int(0), int(0), int(0)])

/** The three phases, and statistics, are done. */
export const ending = () =>
  Buffer.concat([
    data(Buffer.from([0, 0, 0])),
    ...Array.from({ length: 5 }, () => data(varlong(0, 3))),
    data(Buffer.from([0])),
  ])
