import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PullFile } from '../model/ports.ts'
import type { Problem } from '../model/trouble.ts'
import type { OpenFile } from '../system/process-group.ts'
import { collectProblems } from './problems.ts'
import { quote } from './quote.ts'
import { unescapeName } from './unescape-name.ts'

export interface PullFollower {
  /** Rsync's stdout, as it comes. */
  hear(chunk: Buffer): void
  /** What rsync has open now. True: something moved since the last look. */
  look(open: readonly OpenFile[]): boolean
  progress(): { readonly bytes: number; readonly files: number; readonly path: string | null }
  /** Bytes staged of the file that may take longest to be hashed again. */
  mostStaged(): number
  /** Literal bytes that came: rsync's own figure, else what staging has grown by. */
  received(into: string): Promise<number>
  /** Names that turned out not to be regular files, or to have grown. */
  problems(): readonly Problem[]
}

const LINE = 64 * 1024
const DONE = /^=\d+ (.+)$/
const SKIPPED = /^skipping non-regular file "(.+)"$/
/** Longer than the longest file that was asked for. */
const OVER_SIZE = /^(.+) is over max-size$/
const LITERAL = /^Literal data: (\d+) bytes$/

const notRegular = ({ path }: PullFile): Problem => ({
  code: 'not-regular',
  path,
  message: `${quote(path)} is no longer a regular file at the source.`,
  hint: 'The next run checks it again. Find out what replaces it there.',
})

/** Works out a batch's progress from rsync's output and the positions in its open files. Hints only: the gate decides. */
export function followPull(files: readonly PullFile[]): PullFollower {
  const open = new Map<string, PullFile>(files.map((file) => [file.path, file]))
  const positions = new Map<string, number>()
  const problems = collectProblems()
  const odd = new Set<string>()
  let done = 0
  let doneBytes = 0
  let waitingBytes = files.reduce((sum, file) => sum + file.stagedBytes, 0)
  let current: string | null = null
  let literal: number | null = null
  let rest = ''
  let moved = false
  let before = ''

  const finish = (path: string): void => {
    const file = open.get(path)
    if (file === undefined) return
    open.delete(path)
    positions.delete(path)
    done++
    doneBytes += file.size
    waitingBytes -= file.stagedBytes
    moved = true
  }
  const refuse = (path: string, why: (file: PullFile) => Problem): void => {
    const file = open.get(path)
    if (file === undefined || odd.has(path)) return
    odd.add(path)
    problems.add(why(file))
  }
  const largest = files.reduce((most, { size }) => Math.max(most, size), 0)
  const grown = ({ path, size }: PullFile): Problem => ({
    code: 'changed-during-transfer',
    path,
    message: `${quote(path)} has grown at the source since it was listed: from ${size} bytes to more than ${largest}. Nothing of it was fetched.`,
    hint: 'The next run checks it again. Have it written under a temporary name and renamed when it is done.',
  })
  const line = (text: string): void => {
    const name = unescapeName(DONE.exec(text)?.[1] ?? '')
    const skipped = unescapeName(SKIPPED.exec(text)?.[1] ?? '')
    const longer = unescapeName(OVER_SIZE.exec(text)?.[1] ?? '')
    if (name?.endsWith('/')) refuse(name.slice(0, -1), notRegular)
    else if (name) finish(name)
    else if (skipped) refuse(skipped, notRegular)
    else if (longer) refuse(longer, grown)
    const bytes = LITERAL.exec(text)?.[1]
    if (bytes !== undefined) literal = Number(bytes)
  }

  return {
    hear(chunk) {
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop()!.slice(0, LINE)
      for (const text of lines) line(text)
    },
    look(nowOpen) {
      const now = nowOpen.map(({ path, position }) => `${position} ${path}`).join('\n')
      const progressed = moved || now !== before
      moved = false
      before = now
      current = null
      for (const { path, position } of nowOpen) {
        const file = open.get(path)
        if (file === undefined) continue
        current = path
        // Two processes may have it open, one of them to read.
        positions.set(path, Math.min(file.size, Math.max(position, positions.get(path) ?? 0)))
      }
      return progressed
    },
    progress() {
      let bytes = doneBytes + waitingBytes
      for (const [path, position] of positions) bytes += Math.max(0, position - open.get(path)!.stagedBytes)
      return { bytes, files: done, path: current }
    },
    mostStaged: () => {
      let most = 0
      for (const file of open.values()) most = Math.max(most, file.stagedBytes)
      return most
    },
    async received(into) {
      if (literal !== null) return literal
      let grown = 0
      for (const file of files) {
        const size = await lstat(join(into, file.path)).then(
          (stat) => stat.size,
          () => 0,
        )
        grown += Math.max(0, size - file.stagedBytes)
      }
      return grown
    },
    problems: () => problems.all(),
  }
}
