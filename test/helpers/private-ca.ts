import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

/** A CA of one's own, and a server's certificate for 127.0.0.1 that it signed. */
export interface PrivateCa {
  /** Its certificate. */
  readonly file: string
  readonly server: { readonly key: string; readonly cert: string }
  end(): Promise<void>
}

export async function makeCa(): Promise<PrivateCa> {
  const folder = await mkdtemp(join(tmpdir(), 'private-ca-'))
  const openssl = (...words: string[]) => execa('openssl', words, { cwd: folder })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '30',
    '-subj',
    '/CN=ca',
  )
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server')
  await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1\n')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '30']
  await openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.pem')
  const read = (name: string) => readFile(join(folder, name), 'utf8')
  return {
    file: join(folder, 'ca.pem'),
    server: { key: await read('server.key'), cert: await read('server.pem') },
    end: () => rm(folder, { recursive: true, force: true }),
  }
}
