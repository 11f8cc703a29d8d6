import { execaSync } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { openServiceManager } from '../../src/watch/systemd.ts'
import { listenForNotices, type NotifySocket } from '../helpers/notify-socket.ts'

const hasTool = !execaSync('systemd-notify', ['--version'], { reject: false }).failed

let socket: NotifySocket | null = null
afterEach(async () => {
  await socket?.end()
  socket = null
})

const refuse = (text: string) => {
  throw new Error(text)
}

describe('systemd hears', () => {
  test('that it is ready, with what, alive, and about to end', async ({ skip }) => {
    if (!hasTool) skip('systemd-notify is not installed: nothing was tested')
    socket = await listenForNotices()
    if (socket === null) return skip('python3 is not installed: nothing was tested')
    const systemd = openServiceManager({ NOTIFY_SOCKET: socket.path, PATH: process.env['PATH'] }, 1, refuse)
    await systemd.ready('watching\n3 backups')
    await systemd.alive()
    await systemd.stopping()
    // systemd-notify waits until its word is taken, so all of them are here by now.
    expect(socket.heard).toEqual(['READY=1\nSTATUS=watching 3 backups', 'WATCHDOG=1', 'STOPPING=1'])
  })

  test('nothing where nobody listens; that is warned of once and throws nothing', async ({ skip }) => {
    if (!hasTool) skip('systemd-notify is not installed: nothing was tested')
    const warnings: string[] = []
    const systemd = openServiceManager({ NOTIFY_SOCKET: '/nonexistent/socket' }, 1, (text) =>
      warnings.push(text),
    )
    await systemd.ready('')
    await systemd.alive()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^cannot notify the service manager: /)
  })

  test('nothing without its tool, which is named', async () => {
    const warnings: string[] = []
    const systemd = openServiceManager({ NOTIFY_SOCKET: '/x', PATH: '/nonexistent' }, 1, (text) =>
      warnings.push(text),
    )
    await systemd.alive()
    expect(warnings).toEqual(['cannot notify the service manager: systemd-notify is not installed'])
  })

  test('nothing at all outside of a service', async () => {
    const systemd = openServiceManager({ PATH: '/nonexistent', WATCHDOG_USEC: '2000000' }, 1, refuse)
    await systemd.ready('')
    expect(systemd.watchdogInterval).toBeNull()
  })
})

test.each([
  [{ WATCHDOG_USEC: '120000000' }, 60_000],
  [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '7' }, 60_000],
  [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '8' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
  [{}, null],
])('of %o comes a watchdog interval of %s ms', (env, interval) => {
  expect(openServiceManager({ NOTIFY_SOCKET: '/x', ...env }, 7, refuse).watchdogInterval).toBe(interval)
})
