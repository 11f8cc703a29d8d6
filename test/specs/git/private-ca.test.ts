import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadSettings } from '../../../src/specs/settings/load.ts'
import { readSettings } from '../../../src/specs/settings/read.ts'
import { type GitBed, makeGitBed } from '../../helpers/git-bed.ts'
import { makeCa, type PrivateCa } from '../../helpers/private-ca.ts'

const SPEC = 'version: 1\nsource: { path: /srv/out }\ndestination: { path: /srv/in/pg }\n'

let bed: GitBed
let ca: PrivateCa
beforeEach(async () => {
  bed = await makeGitBed()
  ca = await makeCa()
})
afterEach(async () => {
  await bed.end()
  await ca.end()
})

/** Git's own server, behind https. */
async function serve(root: string) {
  const { stdout: core } = await execa('git', ['--exec-path'])
  const server = createServer(ca.server, (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'https://x')
    const child = spawn(join(core, 'git-http-backend'), {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        REQUEST_METHOD: request.method,
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    request.pipe(child.stdin)
    child.stdin.on('error', () => {})
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('close', () => {
      const all = Buffer.concat(chunks)
      const end = all.indexOf('\r\n\r\n')
      const lines = all.toString('latin1', 0, end).split('\r\n')
      const fields = lines.map((line) => line.split(': ') as [string, string])
      const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200'
      response.writeHead(Number.parseInt(status, 10), Object.fromEntries(fields)).end(all.subarray(end + 4))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    end: () => new Promise((closed) => server.close(closed)),
  }
}

test('specs come over https from a server whose certificate git.caFile vouches for, and from no other', async () => {
  const commit = await bed.push({ 'pg.yaml': SPEC })
  const server = await serve(dirname(bed.remote))
  try {
    const url = `${server.origin}/remote.git`
    await expect(bed.load({ place: { url } })).rejects.toMatchObject({
      code: 'git-refused',
      hint: expect.stringMatching(`-connect ${new URL(url).host}\\. .*git\\.caFile`),
    })
    expect((await bed.load({ place: { url, caFile: ca.file } })).revision).toBe(commit)
  } finally {
    await server.end()
  }
})

test('a certificate for another name is no matter of git.caFile', async () => {
  await bed.push({ 'pg.yaml': SPEC })
  const server = await serve(dirname(bed.remote))
  try {
    const url = `${server.origin.replace('127.0.0.1', 'localhost')}/remote.git`
    await expect(bed.load({ place: { url, caFile: ca.file } })).rejects.toMatchObject({
      code: 'git-refused',
      message: expect.stringContaining('its certificate is for another name'),
    })
  } finally {
    await server.end()
  }
})

test.each(['caFile: /nowhere/ca.pem', 'caFil: /nowhere/ca.pem', 'interval: 5'])(
  'a fault of git in config.yaml is the only one: nothing is fetched otherwise than as written (%s)',
  async (line) => {
    const config = join(bed.folder, 'config.yaml')
    await writeFile(config, `git:\n  url: https://127.0.0.1:9/x.git\n  ${line}\n`)
    const { settings, faults } = await loadSettings({
      configFile: config,
      home: bed.folder,
      uid: 0,
      env: {},
      flags: {},
    })
    expect(faults).toHaveLength(1)
    expect(settings.specs).toMatchObject({ kind: 'git', url: '' })
  },
)

describe('git.caFile', () => {
  const faultsOf = (caFile: string) =>
    readSettings(
      { file: join(bed.folder, 'config.yaml'), text: `git:\n  url: https://x/y\n  caFile: ${caFile}\n` },
      { home: '/root', folder: bed.folder },
    )

  test('that is missing, or holds no certificate, is a fault where it is written', async () => {
    await writeFile(join(bed.folder, 'key.pem'), ca.server.key)
    for (const [name, why] of [
      ['gone.pem', 'there is no such file'],
      ['key.pem', 'it holds no certificate'],
      ['.', 'it is not a regular file'],
    ] as const) {
      const { faults } = faultsOf(name)
      expect(faults).toHaveLength(1)
      expect(faults[0]).toMatchObject({
        code: 'ca-file-unusable',
        message: expect.stringMatching(`^git.caFile: .*${why}`),
        place: { start: 34 },
      })
    }
  })

  test('that holds one is taken', async () => {
    const { written, faults } = faultsOf(ca.file)
    expect(faults).toEqual([])
    expect(written.git?.caFile).toBe(ca.file)
  })
})
