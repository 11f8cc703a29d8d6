import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { NOTICE_KINDS, type UrlHook } from '../../src/model/notice.ts'
import type { Heartbeat } from '../../src/model/settings.ts'

export interface Received {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A real HTTP server on loopback that keeps what it gets. */
export interface Receiver {
  readonly origin: string
  readonly received: readonly Received[]
  /** From now on: a status, or what to do with the response; `hang`: no answer at all. */
  answer(how: number | 'hang' | ((response: ServerResponse) => void)): void
  /** Once so many requests have come in all. */
  got(count: number): Promise<void>
  end(): Promise<void>
}

/** With a key and a certificate: over https. */
export async function startReceiver(
  tls: { readonly key: string; readonly cert: string } | null = null,
): Promise<Receiver> {
  const received: Received[] = []
  const waiting: { readonly count: number; readonly come: () => void }[] = []
  let how: Parameters<Receiver['answer']>[0] = 200
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      if (typeof how === 'number') response.writeHead(how).end(`no ${url} here\nat all`)
      else if (how !== 'hang') how(response)
      for (const one of waiting) if (received.length >= one.count) one.come()
    })
  }
  const server = tls === null ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    origin: `${tls === null ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer(next) {
      how = next
    },
    got: (count) =>
      new Promise((come) => {
        if (received.length >= count) come()
        else waiting.push({ count, come })
      }),
    async end() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** Where nothing listens. */
export async function deadOrigin(): Promise<string> {
  const receiver = await startReceiver()
  await receiver.end()
  return receiver.origin
}

/** As settings without a `kind` name it. */
export const webhook = (urlFile: string, on = NOTICE_KINDS): UrlHook => ({
  kind: 'webhook',
  id: urlFile,
  urlFile,
  caFile: null,
  on,
})

export const heartbeatTo = (urlFile: string): Heartbeat => ({ urlFile, eachFile: null, caFile: null })
