// @ts-check
// A sender that speaks rsync's protocol 31 just well enough to lie in it. It hears nothing of what it is asked, and says:
//   node source-hostile-sender.js FILES TRANSFERS
// FILES: JSON [[name, size], …] as its file list claims. TRANSFERS: JSON [[index, text, times, pauseMs], …] as its data goes.
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { begins, data, ending, entry, greeting, indexer, int } from './rsync-words.js'

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
/** @param {Buffer} bytes */
const say = (bytes) => write(data(bytes))

const indexOf = indexer()

write(greeting())
process.stdin.resume()

for (const [name, size] of files) say(entry(name, size))
say(Buffer.from([0]))

for (const [index, text, times, pause] of transfers) {
  const piece = Buffer.from(text)
  const sum = createHash('md5')
  say(Buffer.concat([indexOf(index), begins()]))
  for (let i = 0; i < times; i++) {
    say(Buffer.concat([int(piece.length), piece]))
    sum.update(piece)
  }
  say(Buffer.concat([int(0), sum.digest()]))
  await new Promise((done) => setTimeout(done, pause))
}
write(ending())
setTimeout(() => process.exit(0), 300)
