// @ts-check
// Loaded into the measured process by --import; worker threads write a line of their own.
import { appendFileSync, readFileSync } from 'node:fs'

const report = process.env['BENCH_PEAK_MEMORY']
if (report !== undefined)
  process.on('exit', () => {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    appendFileSync(report, `${kib}\n`)
  })
