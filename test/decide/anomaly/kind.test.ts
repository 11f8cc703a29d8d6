import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { oddKind } from '../../../src/decide/anomaly/kind.ts'
import type { RelPath } from '../../../src/model/rel-path.ts'

const judged = (path: string, data: string | Buffer) => {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
  const odd = oddKind({
    path: path as RelPath,
    size: bytes.length,
    head: bytes.toString('latin1', 0, 512),
  })
  return odd?.kind === 'kind' ? `${odd.expected}, not ${odd.found}` : null
}

const HTML = '<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>'
const SQL = '--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n'
const NOISE = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 167 + (i >> 3) * 31) % 256))

/** The first header of a tar as V7 wrote it: its checksum is all that shows it. */
function oldTar(signed: boolean): Buffer {
  const block = Buffer.alloc(1024)
  block.write('caf\xe9.txt', 0, 'latin1')
  block.write('0000644\0', 100)
  block.write('        ', 148)
  const sum = block
    .subarray(0, 512)
    .reduce((all, byte) => all + (signed && byte > 127 ? byte - 256 : byte), 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function newTar(): Buffer {
  const block = Buffer.alloc(1024)
  block.write('ustar\0', 257)
  return block
}

test.each<[string, string | Buffer]>([
  ['db-2026-01-01.tar.gz', gzipSync('a good one')],
  ['db-2026-01-01.TGZ', gzipSync('a good one')],
  ['access-2026-01-01.log.gz', gzipSync('')],
  ['db.sql.zst', '\x28\xb5\x2f\xfd\x24 some bytes'],
  ['db.tar.zst', '\x50\x2a\x4d\x18 a frame to be skipped'],
  ['db.tar.xz', `\xfd7zXZ\0${'x'.repeat(60)}`],
  ['db.tar.bz2', `BZh91AY&SY${'x'.repeat(60)}`],
  ['db.zip', 'PK\x03\x04...'],
  ['empty.zip', 'PK\x05\x06'],
  ['db.7z', '7z\xbc\xaf\x27\x1c...'],
  ['db.tar', newTar()],
  ['old.tar', oldTar(false)],
  ['older.tar', oldTar(true)],
  ['empty.tar', Buffer.alloc(10_240)],
  ['db.dump', 'PGDMP\x01\x0e...'],
  ['db.pgdump', 'PGDMP\x01\x0e...'],
  ['db.dump', SQL],
  ['db.dump', NOISE],
  ['db.pgdump', newTar()],
  ['db.sqlite', 'SQLite format 3\0...'],
  // What says nothing of its bytes.
  ['users.db', NOISE],
  ['example.com.db', '$TTL 86400\n@ IN SOA ns1'],
  ['db.tar.gz.gpg', HTML],
  ['db.tar.gz.age', 'age-encryption.org/v1'],
  ['db.tar.gz.aa', NOISE],
  ['db.tar.gz.001', NOISE],
  ['db.7z.002', NOISE],
  ['gzip', HTML],
  ['notes.html', HTML],
])('%s may be what it is', (path, data) => {
  expect(judged(path, data)).toBeNull()
})

test.each<[string, string | Buffer, string]>([
  ['db-2026-01-01.tar.gz', HTML, 'gzip, not a web page'],
  ['db-2026-01-01.tar.gz', `\xef\xbb\xbf\n${HTML}`, 'gzip, not a web page'],
  ['db-2026-01-01.tar.gz', '', 'gzip, not nothing'],
  ['db-2026-01-01.tar.gz', gzipSync(''), 'gzip, not gzip of nothing'],
  ['db-2026-01-01.sql.gz', gzipSync(''), 'gzip, not gzip of nothing'],
  ['db.sql.xz', `\xfd7zXZ\0${'x'.repeat(26)}`, 'xz, not xz of nothing'],
  ['db.sql.gz', SQL, 'gzip, not plain text'],
  ['db.sql.gz', 'PK\x03\x04...', 'gzip, not zip'],
  ['db.tgz', newTar(), 'gzip, not tar'],
  ['folder/DB.GZ', Buffer.alloc(4096), 'gzip, not tar'],
  ['db.tar.zst', gzipSync('x'), 'zstd, not gzip'],
  ['db.tar.xz', NOISE, 'xz, not other bytes'],
  ['db.zip', 'error: out of disk space', 'zip, not plain text'],
  ['db.7z', HTML, '7z, not a web page'],
  ['db.tar', gzipSync('x'), 'tar, not gzip'],
  ['db.tar', NOISE, 'tar, not other bytes'],
  ['db.tar', 'short', 'tar, not plain text'],
  ['db.dump', 'pg_dump: error: connection to server failed', 'PostgreSQL custom dump, not plain text'],
  ['db.dump', HTML, 'PostgreSQL custom dump, not a web page'],
  ['db.pgdump', NOISE, 'PostgreSQL custom dump, not other bytes'],
  ['db.sqlite3', SQL, 'SQLite, not plain text'],
  ['app.db', '', 'SQLite, not nothing'],
  ['app.db', HTML, 'SQLite, not a web page'],
])('%s is not what its name says', (path, data, says) => {
  expect(judged(path, data)).toBe(says)
})
