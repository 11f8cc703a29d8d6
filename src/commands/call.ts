import { CommanderError } from 'commander'
import type { Host } from './argv/command-line.ts'
import { program } from './program.ts'

/** One call of the command line, to its exit code. Whatever ends it is put into words here, and nowhere else. */
export async function call(
  argv: readonly string[],
  host: Omit<Host, 'keep'>,
  tell: (text: string) => void,
): Promise<number> {
  let code = 0
  const { main, takersOf } = await program(argv, {
    ...host,
    keep(result) {
      code = result
    },
  })
  try {
    await main.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.unknownOption') {
      const flag = /--[a-z-]+/.exec(error.message)?.[0] ?? ''
      const takers = await takersOf(flag)
      if (takers.length > 0) tell(`  ${flag} is a flag of ${takers.join(', ')}.\n`)
    }
    code = await codeOfThrown(error, host.run.signal, tell)
  }
  return code
}

/** Commander says what was wrong with the command line by itself. */
async function codeOfThrown(
  error: unknown,
  signal: AbortSignal,
  tell: (text: string) => void,
): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64
  if (signal.aborted && error === signal.reason) return 0
  const { tellThrown } = await import('./argv/tell-thrown.ts')
  return tellThrown(error, tell)
}
