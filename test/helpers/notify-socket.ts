import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What systemd listens on, played by python: Node has no datagram sockets of its own. */
export interface NotifySocket {
  readonly path: string
  /** Datagrams, barriers left out. */
  readonly heard: readonly string[]
  end(): Promise<void>
}

const LISTENER = `
import json, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print('"bound"', flush=True)
while True:
    print(json.dumps(listener.recv(65536).decode()), flush=True)
`

/** Null: there is no python3 here. */
export async function listenForNotices(): Promise<NotifySocket | null> {
  const folder = await mkdtemp(join(tmpdir(), 'notify-'))
  const path = join(folder, 'socket')
  const child: ChildProcess = spawn('python3', ['-c', LISTENER, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const heard: string[] = []
  const isThere = await new Promise<boolean>((known) => {
    child.once('error', () => known(false))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const text = JSON.parse(line) as string
      if (text === 'bound') known(true)
      else if (text !== 'BARRIER=1') heard.push(text)
    })
  })
  const end = async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  if (!isThere) await end()
  return isThere ? { path, heard, end } : null
}
