import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { firstWords } from '../../src/decide/notices/messages.ts'
import { inLocalTime, ownZone } from '../../src/decide/time/local-time.ts'
import type { MailHook, Notice, UrlHook, UrlKind } from '../../src/model/notice.ts'
import { NOTICE_KINDS } from '../../src/model/notice.ts'
import { deliver } from '../../src/watch/deliver.ts'
import { makeCa, type PrivateCa } from '../helpers/private-ca.ts'
import { type Receiver, startReceiver } from '../helpers/receiver.ts'

// Servers as strict as the real ones, by their documentation and sources.

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'services-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const NOTICE: Notice = {
  format: 'reconcile.notice/1',
  id: '3f6c1f6e-conflict',
  backup: 'pg',
  kind: 'conflict',
  message: '2 files in conflict: a*b_<!channel>@everyone.tar: held 9f, source 60',
  text: 'pg on box: 2 files in conflict',
  since: '2026-11-24T03:17:05Z',
  at: '2026-11-24T03:17:05Z',
  host: 'box',
  revision: null,
  count: 2,
  details: [
    { code: 'conflict', path: 'a*b_<!channel>@everyone.tar', message: 'held 9f', hint: 'Look at both.' },
    { code: 'conflict', path: '[x](http://evil.example)&.tar', message: 'held 8e', hint: 'Look at both.' },
  ],
}
const RECOVERED: Notice = { ...NOTICE, kind: 'recovered', details: [], text: 'pg on box: all is well again' }
/** What a source can name its files. */
const HOSTILE_NAME =
  'a\r\nBcc: evil@example.net\r\n\r\n@everyone @here <!channel> <@U123> [x](http://evil.example) *b* _i_ `c` ||s|| "q" \\ &amp; é🙂'
const HOSTILE: Notice = {
  ...NOTICE,
  message: `2 files in conflict: ${HOSTILE_NAME}`,
  text: `pg on box: 2 files in conflict: ${HOSTILE_NAME}`,
  details: NOTICE.details.map((detail) => ({ ...detail, path: HOSTILE_NAME })),
}
/** Of characters that grow in one form or another. */
const LONG = ['*é🙂<', '漢', '"\\', '@x', 'a'].map((text): Notice => {
  const long = text.repeat(30_000 / text.length)
  return { ...NOTICE, message: long, text: long, details: [] }
})

type Verdict = readonly [status: number, body: string]
type Json = Record<string, unknown>

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= most
const only = (body: Json, keys: readonly string[]) => Object.keys(body).every((key) => keys.includes(key))

interface Service {
  /** Of the URL, as people copy it. */
  readonly url: string
  readonly judge: (request: IncomingMessage, url: URL, body: string) => Verdict
  /** A URL of somebody else's, and what the service says then. */
  readonly wrong: readonly [url: string, says: string]
}

const json = (request: IncomingMessage, body: string): Json => {
  if (!request.headers['content-type']?.startsWith('application/json')) throw new Error('not json')
  // Half a character is not UTF-8.
  if (/\\ud[89a-f]/i.test(body)) throw new Error('not well-formed')
  return JSON.parse(body) as Json
}

const SERVICES: Readonly<Record<Exclude<UrlKind, 'webhook'>, Service>> = {
  ntfy: {
    url: '/my-topic',
    wrong: ['/other-topic', '{"code":40301,"http":403,"error":"forbidden"}'],
    judge(request, url, body) {
      if (url.pathname !== '/my-topic') return [403, '{"code":40301,"http":403,"error":"forbidden"}\n']
      const { title = '', priority } = request.headers
      const isPriority = ['min', 'low', 'default', 'high', 'urgent'].includes(String(priority))
      // Longer ones become an attachment, and so does one of just that length.
      return request.method === 'POST' && title !== '' && isPriority && Buffer.byteLength(body) < 4096
        ? [200, '{"id":"x","event":"message"}']
        : [400, '{"code":40000}']
    },
  },
  gotify: {
    url: '/message?token=Axxxxxxxx',
    wrong: ['/message?token=nope1234', '{"error":"Unauthorized","errorCode":401,"errorDescription":"token"}'],
    judge(request, url, text) {
      if (url.searchParams.get('token') !== 'Axxxxxxxx')
        return [401, '{"error":"Unauthorized","errorCode":401,"errorDescription":"token"}']
      const body = json(request, text)
      const isGood =
        isText(body['message'], 100_000) &&
        isText(body['title'], 1000) &&
        Number.isInteger(body['priority']) &&
        only(body, ['message', 'title', 'priority', 'extras'])
      return isGood ? [200, '{"id":1}'] : [400, '{"error":"Bad Request"}']
    },
  },
  discord: {
    url: '/api/webhooks/1/t0ken',
    wrong: ['/api/webhooks/2/t0ken', '{"message": "Unknown Webhook", "code": 10015}'],
    judge(request, url, text) {
      if (url.pathname !== '/api/webhooks/1/t0ken')
        return [404, '{"message": "Unknown Webhook", "code": 10015}']
      const body = json(request, text)
      const content = body['content']
      return isText(content, 2000) && JSON.stringify(body['allowed_mentions']) === '{"parse":[]}'
        ? [204, '']
        : [400, '{"content": ["Must be 2000 or fewer in length."]}']
    },
  },
  slack: {
    url: '/services/T0/B0/xxxxxxxx',
    wrong: ['/services/T0/B1/xxxxxxxx', 'no_service'],
    judge(request, url, text) {
      if (url.pathname !== '/services/T0/B0/xxxxxxxx') return [404, 'no_service']
      const body = json(request, text)
      return isText(body['text'], 40_000) ? [200, 'ok'] : [400, 'invalid_payload']
    },
  },
  telegram: {
    url: '/bot123:ABCDEF/sendMessage?chat_id=-100123',
    wrong: [
      '/bot123:ABCDEF/sendMessage?chat_id=7',
      '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
    ],
    judge(request, url, text) {
      const body = { ...Object.fromEntries(url.searchParams), ...json(request, text) } as Json
      if (body['chat_id'] !== '-100123')
        return [400, '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}']
      return isText(body['text'], 4096) && body['parse_mode'] === undefined
        ? [200, '{"ok":true,"result":{"message_id":1}}']
        : [400, '{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}']
    },
  },
  teams: {
    url: '/workflows/abc/triggers/manual/paths/invoke?api-version=1&sig=s3cret',
    wrong: ['/workflows/def/triggers/manual/paths/invoke', '{"error":{"code":"WorkflowNotFound"}}'],
    judge(request, url, text) {
      if (!url.searchParams.has('sig')) return [404, '{"error":{"code":"WorkflowNotFound"}}']
      const body = json(request, text)
      const [card] = body['attachments'] as { contentType: string; content: Json }[]
      const isCard =
        body['type'] === 'message' &&
        card?.contentType === 'application/vnd.microsoft.card.adaptive' &&
        card.content['type'] === 'AdaptiveCard' &&
        isText(card.content['version'], 5) &&
        Array.isArray(card.content['body']) &&
        Buffer.byteLength(text) <= 21_000
      // Documented as 28 KB; refused from 21 KB on by people's experience.
      return isCard ? [202, ''] : [400, '{"error":{"code":"TriggerInputSchemaMismatch"}}']
    },
  },
  'uptime-kuma': {
    url: '/api/push/t0ken123?status=up&msg=OK&ping=',
    wrong: [
      '/api/push/other123?status=up&msg=OK&ping=',
      '{"ok":false,"msg":"Monitor not found or not active."}',
    ],
    judge(request, url) {
      if (request.method !== 'GET') return [404, 'Cannot POST']
      if (url.pathname !== '/api/push/t0ken123')
        return [404, '{"ok":false,"msg":"Monitor not found or not active."}']
      const [status, msg] = [url.searchParams.getAll('status'), url.searchParams.getAll('msg')]
      return status.length === 1 && ['up', 'down'].includes(status[0]!) && isText(msg[0], 250)
        ? [200, '{"ok":true}']
        : [400, '{"ok":false}']
    },
  },
}
const KINDS = Object.keys(SERVICES) as Exclude<UrlKind, 'webhook'>[]

async function serve(judge: Service['judge']) {
  const bodies: string[] = []
  const urls: URL[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += String(chunk)
    })
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://x')
      bodies.push(body)
      urls.push(url)
      headers.push(request.headers)
      const [status, said] = judge(request, url, body)
      response.writeHead(status).end(said === '' ? undefined : said)
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    urls,
    headers,
    end: () => new Promise((closed) => server.close(closed)),
  }
}

async function hookTo(kind: UrlKind, url: string, caFile: string | null = null): Promise<UrlHook> {
  const urlFile = join(folder, kind)
  await writeFile(urlFile, `${url}\n`, { mode: 0o600 })
  return { kind, id: urlFile, urlFile, caFile, on: NOTICE_KINDS }
}

const signal = () => new AbortController().signal

test('times for people are local, to the minute; those for programs stay as they are', async () => {
  const at = '2026-11-24T03:17:05.123Z'
  const timed: Notice = {
    ...NOTICE,
    ...{
      message: `not seen since ${at}`,
      text: `pg: not seen since ${at}`,
      since: at,
      at: '2026-11-24T09:00:00Z',
    },
    details: [],
  }
  const shown = inLocalTime(at, ownZone())
  for (const kind of KINDS) {
    const server = await serve(() => [200, 'ok'])
    await deliver(await hookTo(kind, `${server.origin}${SERVICES[kind].url}`), timed, [], signal())
    await server.end()
    const sent = decodeURIComponent([...server.urls, ...server.bodies].join(' ').replaceAll('+', ' '))
    expect(sent.includes(at), kind).toBe(false)
    expect(sent.replaceAll('\\', ''), kind).toContain(shown.slice(0, 16))
  }
  const server = await serve(() => [200, 'ok'])
  await deliver(await hookTo('webhook', `${server.origin}/hook`), timed, [], signal())
  await server.end()
  expect(JSON.parse(server.bodies[0]!)).toEqual(timed)
})

describe.each(KINDS)('%s', (kind) => {
  const { url, judge, wrong } = SERVICES[kind]

  test('takes trouble, recovery, hostile names and the longest message', async () => {
    const server = await serve(judge)
    try {
      const hook = await hookTo(kind, `${server.origin}${url}`)
      for (const notice of [NOTICE, RECOVERED, HOSTILE, ...LONG])
        expect(await deliver(hook, notice, [], signal())).toMatchObject({ state: 'delivered' })
      for (const body of server.bodies) expect(body).not.toMatch(/undefined|\[object/)
    } finally {
      await server.end()
    }
  })

  test("shows the first line of a refusal, and never the URL's secret", async () => {
    const server = await serve(judge)
    try {
      const [path, says] = wrong
      const sent = await deliver(await hookTo(kind, `${server.origin}${path}`), NOTICE, [], signal())
      expect(sent).toMatchObject({ state: 'failed', why: expect.stringContaining(says) })
      expect(JSON.stringify(sent)).not.toMatch(/nope1234|xxxxxxxx|ABCDEF|t0ken/)
    } finally {
      await server.end()
    }
  })
})

test.each([
  [
    '<!DOCTYPE html>\n<html><head><title>404 Not\n Found</title></head><body><h1>Not Found</h1></body>',
    '404 Not Found',
  ],
  [
    '<html>\n<head><meta charset="utf-8"><title>Error</title>\n<body><pre>Cannot POST &#47;x &amp; y</pre>',
    'Error',
  ],
  [
    '<html><head><title>Error</title></head><body>\n<pre>Cannot POST &lt;x&gt; &amp;#47;</pre></body>',
    'Error: Cannot POST <x> &#47;',
  ],
  [
    '<!-- a > b --><style>p { color: red }</style><p class="a">The <b>token</b>\n is wrong.<p>more',
    'The token is wrong.',
  ],
  ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'AccessDenied'],
  ['<br />\n<b>Fatal error</b>:  no &quot;x&#x22;<br />', 'Fatal error: no "x"'],
  ['Sorry.<br>Nobody is here.', 'Sorry.'],
  ['<!doctype html><html><body></body></html>', ''],
  [`<${'<title'.repeat(9000)}`, ''],
  ['{"error": "<b>no</b>"}\n', '{"error": "<b>no</b>"}'],
  ['\n  no <token>\nmore', 'no <token>'],
])('of an answer that is a page it shows what people would read: %#', (body, shown) => {
  expect(firstWords(body)).toBe(shown)
})

describe('what came from a source', () => {
  const sent = async (kind: Exclude<UrlKind, 'webhook'>, notice: Notice) => {
    const { url, judge } = SERVICES[kind]
    const server = await serve(judge)
    try {
      await deliver(await hookTo(kind, `${server.origin}${url}`), notice, [], signal())
      return { body: server.bodies[0]!, url: server.urls[0]!, headers: server.headers[0]! }
    } finally {
      await server.end()
    }
  }
  const bodyOf = async (kind: Exclude<UrlKind, 'webhook'>, notice = NOTICE) =>
    JSON.parse((await sent(kind, notice)).body) as Json

  test('of a hostile name mentions nobody, and adds neither header nor field', async () => {
    const { headers, body } = await sent('ntfy', HOSTILE)
    expect(Object.keys(headers)).not.toContain('bcc')
    expect(headers['title']).toBe('pg on box: conflict')
    expect(body).toContain(HOSTILE_NAME)
    expect(await bodyOf('gotify', HOSTILE)).toEqual({
      title: 'pg on box: conflict',
      message: expect.stringContaining(HOSTILE_NAME),
      priority: 8,
    })
    const discord = await bodyOf('discord', HOSTILE)
    expect(discord['allowed_mentions']).toEqual({ parse: [] })
    expect(String(discord['content']).split('\n').slice(1).join('\n')).not.toMatch(/(?<!\\)[*_~`|<>@#:[\]()]/)
    const slack = String((await bodyOf('slack', HOSTILE))['text'])
    expect(slack).not.toMatch(/[<>]|&(?!(amp|lt|gt);)|@\w/)
    expect(slack).toContain('&amp;amp;')
    const telegram = await bodyOf('telegram', HOSTILE)
    expect(Object.keys(telegram).sort()).toEqual(['link_preview_options', 'text'])
    expect(telegram['text']).not.toMatch(/@\w/)
    expect(JSON.stringify(await bodyOf('teams', HOSTILE))).not.toContain('"TextBlock"')
    const kuma = (await sent('uptime-kuma', HOSTILE)).url.searchParams
    expect([...kuma.keys()].sort()).toEqual(['msg', 'ping', 'status'])
    expect(kuma.get('msg')).not.toMatch(/@\w|<[!@#]/)
  })

  test('formats, links and mentions nothing in Discord', async () => {
    const { content, flags } = await bodyOf('discord')
    expect(content).toContain('a\\*b\\_\\<!channel\\>\\@everyone.tar')
    expect(content).toContain('\\[x\\]\\(http\\://evil.example\\)&.tar')
    expect(flags).toBe(4)
  })

  test('is plain text in Slack', async () => {
    const body = await bodyOf('slack')
    expect(body).toMatchObject({ mrkdwn: false, unfurl_links: false, unfurl_media: false })
    expect(body['text']).toContain('a*b_&lt;\u200b!channel&gt;@\u200beveryone.tar')
    expect(body['text']).toContain('(http://evil.example)&amp;.tar')
    expect(body['text']).not.toMatch(/[<>]/)
  })

  test('calls nobody in Telegram, and shows no preview', async () => {
    const body = await bodyOf('telegram')
    expect(body['text']).toContain('@\u200beveryone')
    expect(body['link_preview_options']).toEqual({ is_disabled: true })
  })

  test('stands in text runs in Teams, which hold no Markdown', async () => {
    const body = JSON.stringify(await bodyOf('teams'))
    expect(body).toContain('a*b_<!channel>@everyone.tar')
    expect(body).not.toContain('"TextBlock"')
  })
})

test('ntfy: a title that is not ASCII is encoded, and the message is text', async () => {
  const server = await serve(SERVICES.ntfy.judge)
  try {
    const hook = await hookTo('ntfy', `${server.origin}/my-topic`)
    await deliver(hook, { ...NOTICE, host: 'bøx' }, [], signal())
    expect(server.headers[0]).toMatchObject({
      title: `=?UTF-8?B?${Buffer.from('pg on bøx: conflict').toString('base64')}?=`,
      priority: 'high',
      tags: 'warning',
    })
    expect(server.bodies[0]!.split('\n')).toEqual([
      NOTICE.message,
      '- a*b_<!channel>@everyone.tar: held 9f',
      '- [x](http://evil.example)&.tar: held 8e',
      'Look at both.',
    ])
  } finally {
    await server.end()
  }
})

test('Uptime Kuma: up only when no backup is in trouble any more', async () => {
  const server = await serve(SERVICES['uptime-kuma'].judge)
  try {
    const hook = await hookTo('uptime-kuma', `${server.origin}${SERVICES['uptime-kuma'].url}`)
    await deliver(hook, NOTICE, ['pg'], signal())
    await deliver(hook, RECOVERED, ['web'], signal())
    await deliver(hook, RECOVERED, [], signal())
    expect(
      server.urls.map(({ searchParams }) => [searchParams.get('status'), searchParams.get('msg')]),
    ).toEqual([
      ['down', NOTICE.text],
      ['down', `${RECOVERED.text}; still in trouble: web`],
      ['up', RECOVERED.text],
    ])
    expect(server.urls[0]!.searchParams.has('ping')).toBe(true)
  } finally {
    await server.end()
  }
})

test.each([
  ['ntfy', '/', 'topic'],
  ['gotify', '/', '/message?token=TOKEN'],
  ['telegram', '/bot1:x/sendMessage', 'chat_id'],
  ['uptime-kuma', '/dashboard', 'push monitor'],
] as const)('%s: a URL that lacks something is not called', async (kind, path, what) => {
  const sent = await deliver(await hookTo(kind, `http://127.0.0.1:9${path}`), NOTICE, [], signal())
  expect(sent).toMatchObject({
    state: 'unusable',
    fault: { code: 'url-file-bad', message: expect.stringContaining(what) },
  })
})

test('Telegram and Uptime Kuma: a 2xx that does not say ok is not taken for one', async () => {
  for (const kind of ['telegram', 'uptime-kuma', 'slack'] as const) {
    const server = await serve(() => [200, '<html>log in first</html>'])
    try {
      const hook = await hookTo(kind, `${server.origin}${SERVICES[kind].url}`)
      expect(await deliver(hook, NOTICE, [], signal())).toMatchObject({
        state: 'failed',
        again: false,
        why: 'it answers 200, but does not accept it: log in first',
      })
    } finally {
      await server.end()
    }
  }
})

describe("a URL's secrets", () => {
  // Each part in a form that servers echo.
  const SECRET_URL =
    '/b0t-s3cr3t/s%C3%A9cret%2Bpath/sendMessage?chat_id=-100123456&sig=abc%2Bdef%3D%3D&token=Pa55w0rd'
  const SECRETS = /b0t-s3cr3t|s%C3%A9cret|sécret|100123456|abc%2Bdef|abc\+def|Pa55w0rd|user-n4me|us3r-pw/

  test.each([...KINDS, 'webhook'] as const)('%s: are in nothing that anyone is shown', async (kind) => {
    const path = {
      'uptime-kuma': '/api/push/Pa55w0rd?sig=abc%2Bdef%3D%3D',
      gotify: '/message?token=Pa55w0rd',
    }
    const asked = path[kind as keyof typeof path] ?? SECRET_URL
    const told: string[] = []
    const server = await serve((request, url) => [
      403,
      `${'x'.repeat(30)} ${request.url} ${url.searchParams.get('sig')} ${request.headers.authorization} ${decodeURIComponent(url.pathname)} ${url.search.slice(1).split('&').reverse().join('&')}\nno`,
    ])
    try {
      const origin = server.origin.replace('//', '//user-n4me:us3r-pw@')
      const hook = await hookTo(kind, `${origin}${asked}`)
      told.push(JSON.stringify(await deliver(hook, NOTICE, [], signal())))
    } finally {
      await server.end()
    }
    expect(told[0]).toContain('it answers 403')
    // Refused, not found, not trusted, no URL at all.
    for (const text of [`${server.origin}${asked}`, `http://nowhere.invalid${asked}`, `not a url ${asked}`]) {
      const hook = { ...(await hookTo(kind, text)), urlFile: join(folder, kind) }
      told.push(JSON.stringify(await deliver(hook, NOTICE, [], signal())))
    }
    for (const one of told) expect(one).not.toMatch(SECRETS)
  })
})

describe('a private CA', () => {
  let ca: PrivateCa
  let receiver: Receiver
  beforeAll(async () => {
    ca = await makeCa()
    receiver = await startReceiver(ca.server)
  })
  afterAll(async () => {
    await receiver.end()
    await ca.end()
  })

  test('is trusted by caFile, and by nothing else', async () => {
    const url = `${receiver.origin}/hook-secret`
    const sent = await deliver(await hookTo('webhook', url, ca.file), NOTICE, [], signal())
    expect(sent).toMatchObject({ state: 'delivered' })
    expect(JSON.parse(receiver.received[0]!.body)).toEqual(NOTICE)
    expect(await deliver(await hookTo('webhook', url), NOTICE, [], signal())).toMatchObject({
      state: 'failed',
      why: expect.stringContaining('caFile'),
    })
  })

  test.each([
    ['missing', null, 'there is no such file'],
    ['no certificate', 'hello', 'it holds no certificate in PEM'],
  ])('a caFile that is %s is named', async (_, text, why) => {
    const file = join(folder, 'ca.pem')
    if (text !== null) await writeFile(file, text)
    expect(await deliver(await hookTo('webhook', receiver.origin, file), NOTICE, [], signal())).toMatchObject(
      {
        state: 'unusable',
        fault: { code: 'ca-file-unusable', message: expect.stringContaining(why) },
      },
    )
  })
})

describe('sendmail', () => {
  const hook: MailHook = {
    kind: 'sendmail',
    id: 'mailto:ops@example.net',
    to: 'ops@example.net',
    from: null,
    on: [],
  }
  const usual = process.env['PATH']
  afterEach(() => {
    process.env['PATH'] = usual
  })

  /** A mail system that keeps what it gets. */
  async function install(script: string) {
    const file = join(folder, 'sendmail')
    await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    process.env['PATH'] = `${folder}:${usual}`
  }

  test('gets an e-mail to the one address, by -i -t', async () => {
    await install(`echo "$@" > ${folder}/words; cat > ${folder}/mail`)
    const notice = { ...NOTICE, message: 'a\nBcc: evil@example.net\n\n.\nbøx' }
    expect(await deliver({ ...hook, from: 'box@example.net' }, notice, [], signal())).toMatchObject({
      state: 'delivered',
    })
    expect(await readFile(join(folder, 'words'), 'utf8')).toBe('-i -t\n')
    const [head, text] = (await readFile(join(folder, 'mail'), 'utf8')).split('\n\n') as [string, string]
    expect(head.split('\n')).toEqual([
      'From: box@example.net',
      'To: ops@example.net',
      'Subject: pg on box: conflict',
      'Message-ID: <3f6c1f6e-conflict@box>',
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
    ])
    expect(Buffer.from(text, 'base64').toString()).toContain('Bcc: evil@example.net\n\n.\nbøx')
    expect(text.split('\n').every((line) => line.length <= 76)).toBe(true)
  })

  test('takes hostile names and the longest message: no header is theirs, no line too long', async () => {
    await install(`cat > ${folder}/mail`)
    for (const notice of [
      HOSTILE,
      ...LONG,
      { ...HOSTILE, host: `bøx\r\nBcc: evil@example.net${'é'.repeat(90)}` },
    ]) {
      expect(await deliver(hook, notice, [], signal())).toMatchObject({ state: 'delivered' })
      const [head, text] = (await readFile(join(folder, 'mail'), 'utf8')).split('\n\n') as [string, string]
      expect(head).not.toMatch(/^bcc/im)
      for (const line of head.split('\n')) expect(line).toMatch(/^(?:[\w-]+: | )[\x20-\x7e]{1,900}$/)
      expect(Buffer.from(text, 'base64').toString()).toContain(notice.message)
    }
  })

  test('that is not there is no refusal: nothing was sent', async () => {
    process.env['PATH'] = folder
    expect(await deliver(hook, NOTICE, [], signal())).toMatchObject({
      state: 'unusable',
      fault: { code: 'missing-tool', message: 'there is no sendmail on this machine' },
    })
  })

  test.each([
    ['cat > /dev/null; echo "relay denied" >&2; exit 77', 'sendmail exits with 77: relay denied', false],
    ['cat > /dev/null; exit 75', 'sendmail exits with 75', true],
  ])('that fails is reported: %s', async (script, why, again) => {
    await install(script)
    expect(await deliver(hook, NOTICE, [], signal())).toMatchObject({ state: 'failed', why, again })
  })
})

describe('the recipes in docs/notices.md', () => {
  test('are sound settings, one for each kind', async () => {
    const document = await readFile(new URL('../../docs/notices.md', import.meta.url), 'utf8')
    const blocks = [...document.matchAll(/```yaml\n([\s\S]*?)```/g)].map((hit) => hit[1]!)
    const kinds = new Set<string>()
    const { readSettings } = await import('../../src/specs/settings/read.ts')
    for (const text of blocks) {
      const { faults } = readSettings(
        { file: '/etc/reconcile/config.yaml', text },
        { home: '/root', folder: '/etc/reconcile' },
      )
      expect(
        faults.map(({ message }) => message),
        text,
      ).toEqual([])
      for (const { kind = 'webhook' } of (parse(text) as { notify?: { kind?: string }[] }).notify ?? [])
        kinds.add(kind)
    }
    expect([...kinds].sort()).toEqual([...KINDS, 'sendmail', 'webhook'].sort())
  })
})
