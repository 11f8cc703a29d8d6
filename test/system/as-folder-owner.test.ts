import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { otherOwner } from '../../src/system/as-folder-owner.ts'
import { takeFlock } from '../../src/system/lock.ts'
import { makeKey } from '../../src/system/make-key.ts'
import { makeForOwner } from '../../src/system/make-with-parents.ts'
import { replaceFile } from '../../src/system/replace-file.ts'

const USER = 65_534
const theirs = { uid: USER, gid: USER }
const never = new AbortController().signal

let top: string
const at = (...names: string[]): string => join(top, ...names)
beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'owner-')))
  chmodSync(top, 0o755)
})
afterEach(() => rmSync(top, { recursive: true, force: true }))

const folder = (name: string, owner = 0): string => {
  mkdirSync(at(name))
  chownSync(at(name), owner, owner)
  return at(name)
}
const link = (name: string, to: string, owner: number): void => {
  symlinkSync(to, at(name))
  lchownSync(at(name), owner, owner)
}

describe.runIf(process.getuid?.() === 0)("root in another user's folder", () => {
  test('the first part of the path that is not root’s says whose it is, a link for itself', () => {
    folder('roots')
    folder('theirs', USER)
    folder('theirs/roots')
    link('by-root', 'theirs', 0)
    link('by-root-to-root', at('roots'), 0)
    link('theirs/to-roots', '../roots', USER)
    link('theirs/to-tmp', tmpdir(), USER)
    expect(otherOwner(at('roots/not/there'))).toBeNull()
    expect(otherOwner(at('by-root-to-root/x'))).toBeNull()
    expect(otherOwner(tmpdir())).toBeNull()
    for (const path of [
      'theirs',
      'theirs/roots',
      'theirs/not/there',
      'by-root',
      'by-root/roots',
      'theirs/to-roots',
      'theirs/to-tmp',
    ])
      expect(otherOwner(at(path)), path).toEqual(theirs)
  })

  test('folders are made by the rights of that user, and are theirs', async () => {
    folder('theirs', USER)
    await makeForOwner(at('theirs/a/b'))
    for (const path of ['theirs/a', 'theirs/a/b']) {
      expect(statSync(at(path)), path).toMatchObject(theirs)
      expect(statSync(at(path)).mode & 0o777, path).toBe(0o700)
    }
    folder('roots')
    link('theirs/led', at('roots'), USER)
    await expect(makeForOwner(at('theirs/led/x'))).rejects.toMatchObject({ code: 'EACCES' })
    expect(readdirSync(at('roots'))).toEqual([])
  })

  test('a folder of root that is exchanged for theirs while they are made stays root’s', async () => {
    const state = folder('theirs', USER)
    folder('roots')
    folder('roots/x')
    // The parent is a folder of theirs in one moment, and a link to root's in the next.
    folder('theirs/real', USER)
    link('theirs/link', at('roots'), USER)
    link('theirs/parent', 'real', USER)
    const swap = execa(process.execPath, ['-e', SWAP, state], {
      reject: false,
      uid: USER,
      gid: USER,
      cwd: '/',
    })
    try {
      await once(swap.stdout!, 'data')
      for (let i = 0; i < 100; i++) {
        await makeForOwner(at('theirs/parent/x')).catch(() => {})
        await replaceFile(at('theirs/parent/f'), 'x').catch(() => {})
        await takeFlock(at('theirs/parent/l'), 0, never)
          .then((held) => held?.close())
          .catch(() => {})
        rmSync(at('theirs/real/x'), { recursive: true, force: true })
      }
    } finally {
      swap.kill()
      expect((await swap).signal).toBe('SIGTERM')
    }
    expect(statSync(at('roots/x')).uid).toBe(0)
    const given = readdirSync(at('roots')).filter((name) => lstatSync(at('roots', name)).uid !== 0)
    expect(given).toEqual([])
    expect(existsSync(at('roots/f'))).toBe(false)
  })

  test('a file is replaced in a folder of theirs, and in no other that lies there', async () => {
    folder('theirs', USER)
    folder('roots')
    await replaceFile(at('theirs/f'), 'x')
    expect(statSync(at('theirs/f'))).toMatchObject(theirs)
    link('theirs/led', at('roots'), USER)
    await expect(replaceFile(at('theirs/led/f'), 'x')).rejects.toMatchObject({ code: 'disk-forbidden' })
    expect(readdirSync(at('roots'))).toEqual([])
  })

  test('a lock that is there already is taken, and given to nobody', async () => {
    folder('theirs', USER)
    writeFileSync(at('theirs/old.lock'), '')
    for (const name of ['old.lock', 'new.lock']) (await takeFlock(at('theirs', name), 0, never))!.close()
    expect(statSync(at('theirs/old.lock')).uid).toBe(0)
    expect(statSync(at('theirs/new.lock'))).toMatchObject(theirs)
  })

  test('a key is made by that user, who gets nothing else', async () => {
    folder('theirs', USER)
    folder('roots')
    expect(await makeKey(at('theirs/keys/k'), theirs)).toBe(true)
    for (const path of ['theirs/keys', 'theirs/keys/k', 'theirs/keys/k.pub'])
      expect(statSync(at(path)), path).toMatchObject(theirs)
    renameSync(at('theirs/keys'), at('theirs/before'))
    link('theirs/keys', at('roots'), USER)
    await expect(makeKey(at('theirs/keys/k'), theirs)).rejects.toMatchObject({ code: 'bad-target' })
    expect(readdirSync(at('roots'))).toEqual([])
  })
})

const SWAP = `
const { renameSync, symlinkSync } = require('node:fs')
process.chdir(process.argv[1])
for (let i = 0; ; i++) {
  symlinkSync(i % 2 === 0 ? 'link' : 'real', 'next')
  renameSync('next', 'parent')
  if (i === 0) console.log('begun')
}
`
