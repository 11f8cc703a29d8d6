import { spawn } from 'node:child_process'
import { Failure } from '../model/failure.ts'
import { notStarted } from '../model/system-error.ts'

/** Where the tools of util-linux and coreutils are looked for. */
export const TOOL_PATH = process.env['PATH'] || '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The fixed environment of every child on this side. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: TOOL_PATH,
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
}

/**
 * Runs one short tool without a shell, in a process group of its own, so that a Ctrl-C is ours to answer and not its. Its exit code is
 * the caller's to judge; one that was killed counts as failed. Throws a Failure where it cannot be started.
 */
export function runTool(
  file: string,
  argv: readonly string[],
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, {
      env: TOOL_ENVIRONMENT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let [stdout, stderr] = ['', '']
    // Both are missing where no descriptor was left for a pipe.
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (error) => reject(missingTool(file, error)))
    child.once('close', (code, signal) => {
      if (code === null) resolve({ exitCode: KILLED, stdout: '', stderr: `${file} was killed by ${signal}` })
      else resolve({ exitCode: code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() })
    })
  })
}

const KILLED = 128

/** A tool that could not be started. */
export const missingTool = (tool: string, cause: unknown): Failure =>
  notStarted(cause, tool) ??
  new Failure({
    code: 'missing-tool',
    message: `cannot start ${tool}: ${cause instanceof Error ? cause.message : 'unknown'}`,
    hint: 'Install util-linux and coreutils, or mend PATH.',
    retryable: false,
    cause,
  })
