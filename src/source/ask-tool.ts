import { spawn } from 'node:child_process'
import { rsyncEnvironment } from './run-rsync.ts'

/** What a short tool printed. Null: it ran, and failed. Throws where it cannot be started. */
export function askTool(program: string, words: readonly string[]): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: rsyncEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    // It is missing where no descriptor was left for a pipe.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve(code === 0 ? said : null))
  })
}
