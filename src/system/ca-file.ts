import { X509Certificate } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { whyUnreadable } from '../model/system-error.ts'

type Read =
  | { readonly ok: true; readonly pem: string }
  /** Why it is unusable, without the path. */
  | { readonly ok: false; readonly fault: string }

/** Far above any bundle. Bytes. */
const MOST = 4 << 20

/** Reads a file of CA certificates in PEM. Never waits for a FIFO, never throws. */
export function readCaFile(path: string): Read {
  let descriptor: number | null = null
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) return { ok: false, fault: 'it is not a regular file' }
    if (stat.size > MOST) return { ok: false, fault: 'it is larger than 4 MiB' }
    const pem = readFileSync(descriptor, 'utf8')
    return isCertificate(pem)
      ? { ok: true, pem }
      : { ok: false, fault: 'it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)' }
  } catch (error) {
    return { ok: false, fault: whyUnreadable(error) }
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem.slice(pem.indexOf('-----BEGIN'))).raw.length > 0
  } catch {
    return false
  }
}
