import { Failure } from '../model/failure.ts'

/** A source whose rsync cannot say a file's md5. */
export const unsupported = (): Failure =>
  new Failure({
    code: 'claims-unsupported',
    message: "The source's rsync cannot be asked for md5 digests, so files without a marker cannot be taken.",
    hint: 'It takes rsync 3.0 or newer there. Or have markers or a sums file written at the source: finished: marker, or { sums: MD5SUMS }.',
    retryable: false,
  })
