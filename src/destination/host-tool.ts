import { execa } from 'execa'

/** Where the tools of util-linux and coreutils are looked for. */
export const TOOL_PATH = process.env['PATH'] || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The fixed environment of every child on this side. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: TOOL_PATH,
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
}

/** Runs one short tool without a shell. Its exit code is the caller's to judge; throws where it cannot be started. */
export async function runTool(
  file: string,
  argv: readonly string[],
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const ended = await execa(file, argv, {
    env: TOOL_ENVIRONMENT,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    maxBuffer: 1 << 20,
  })
  if (ended.exitCode === undefined)
    throw ended.cause ?? new Error(`${file} was killed by ${ended.signal ?? 'a signal'}`)
  return { exitCode: ended.exitCode, stdout: ended.stdout, stderr: ended.stderr }
}
