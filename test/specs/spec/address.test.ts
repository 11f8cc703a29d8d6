import { describe, expect, test } from 'vitest'
import { readAddress } from '../../../src/specs/spec/address.ts'

const ssh = (host: string, more: object = {}) => ({
  ok: true,
  value: { kind: 'ssh', user: null, host, port: null, path: '.', ...more },
})

describe('an address', () => {
  test.each([
    ['h:', ssh('h')],
    ['u@h:', ssh('h', { user: 'u' })],
    ['h:22:', ssh('h', { port: 22 })],
    [
      'u@db1.example.net:222:/srv/dumps',
      ssh('db1.example.net', { user: 'u', port: 222, path: '/srv/dumps' }),
    ],
    ['h:dumps/nightly/', ssh('h', { path: 'dumps/nightly' })],
    ['h:./2024/dumps', ssh('h', { path: '2024/dumps' })],
    ['h:2024-dumps/x', ssh('h', { path: '2024-dumps/x' })],
    ['h:./22', ssh('h', { path: '22' })],
    ['h:~', ssh('h')],
    ['h:~/dumps', ssh('h', { path: 'dumps' })],
    ['h:/srv/my dumps', ssh('h', { path: '/srv/my dumps' })],
    ['10.0.0.5:', ssh('10.0.0.5')],
    ['[::1]:', ssh('::1')],
    ['[::1]:2222:', ssh('::1', { port: 2222 })],
    ['u@[2001:db8::17]:22:/x', ssh('2001:db8::17', { user: 'u', port: 22, path: '/x' })],
    ['/srv/dumps', { ok: true, value: { kind: 'local', path: '/srv/dumps' } }],
    ['./x', { ok: true, value: { kind: 'local', path: './x' } }],
    ['..', { ok: true, value: { kind: 'local', path: '..' } }],
    ['~/x', { ok: true, value: { kind: 'local', path: '~/x' } }],
  ])('%s', (text, expected) => {
    expect(readAddress(text)).toEqual(expected)
  })

  test.each([
    ['h', /write h: for a host, \.\/h for a folder here/],
    ['u@h', /write u@h: for a host/],
    ['h/x', /write \.\/h\/x for a folder here/],
    ['h:222', /write h:222: for the port, h:\.\/222 for the folder/],
    ['u@h:22977/x', /write u@h:22977:\/x for the port, u@h:\.\/22977\/x for the folder/],
    ['[::1]:222', /write \[::1\]:222: for the port/],
    ['h:0:', /has the port "0"/],
    ['h:65536:', /has the port "65536"/],
    ['h:ssh:/x', /has the port "ssh"/],
    ['h::module', /rsync daemon/],
    ['h::', /rsync daemon/],
    ['[::1]::module', /rsync daemon/],
    ['rsync://h/module', /rsync daemon/],
    ['RSYNC://h/module', /rsync daemon/],
    ['ssh://u@h:222/srv/x', /is a URL; write u@h:222:\/srv\/x$/],
    ['sftp://h/x', /write h:\/x$/],
    ['::1', /without brackets; write \[::1\]:/],
    ['u@2001:db8::17:', /write u@\[2001:db8::17\]:/],
    ['2001:db8::17:/x', /without brackets/],
    ['[nonsense]:', /which is no IPv6 address/],
    ['[::1', /no host|has the host/],
    ['@h:', /no user before "@"/],
    ['-oProxyCommand=x@h:', /has the user "-oProxyCommand=x"/],
    ['-v:', /has the host "-v"/],
    ['u@:x', /no host before ":"/],
    [':x', /no host before ":"/],
    ['', /no host|no ":"/],
    ['h:../x', /has a path that/],
    ['h:/a/$(x)', /has a path that holds \$/],
    ['h:a:b', /has the port "a"/],
    ['C:/Backups', /in WSL it is \/mnt\/c\/Backups$/],
    ['c:\\Backups', /in WSL it is \/mnt\/c\/Backups$/],
    ['D:\\', /in WSL it is \/mnt\/d$/],
    ['h:/x\n', /has a path that/],
  ])('%j is refused', (text, why) => {
    const read = readAddress(text)
    expect(read).toMatchObject({ ok: false, fault: expect.stringMatching(why) })
  })
})
