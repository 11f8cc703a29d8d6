import { hostText } from '../../model/host-text.ts'
import { shellQuoted } from '../../model/shell-words.ts'
import type { Hop } from '../../model/spec.ts'

/** What a person pastes at a source so that a key may log in there. */
export interface Paste {
  /** Completes "At …,": where, and as whom. */
  readonly at: string
  /** Each as it is to be typed, and what it does. The first that fits is the one to take. */
  readonly ways: readonly PasteWay[]
}

export interface PasteWay {
  readonly title: string
  readonly lines: readonly string[]
  readonly note: string | null
}

/** Stands for a folder that only the source's keeper knows. */
const SOME_FOLDER = '/srv/backups'

/** `path`: as the spec has it. Only an absolute one says which folder rrsync is to serve. `publicKey`: `ssh-ed25519 AAAA… comment`. */
export function pasteForSource(
  { host, user, path }: Pick<Hop, 'host' | 'user'> & { readonly path: string },
  publicKey: string,
): Paste {
  const folder = path.startsWith('/') ? path : SOME_FOLDER
  const line = confinedLine(folder, publicKey)
  const home = `/var/lib/${user}`
  const meant = path === '.' ? 'the folder of the backups' : `the folder that ${path} is in`
  const other = path.startsWith('/')
    ? ''
    : ` Instead of ${SOME_FOLDER}, write ${meant}. The line of an older key of this box names it.`
  const ways: readonly PasteWay[] = [
    {
      title: user === 'root' ? 'as root' : `without root, as ${user} itself`,
      lines: [
        'mkdir -p -m 700 ~/.ssh',
        ...appended('~/.ssh/authorized_keys', line),
        'chmod 600 ~/.ssh/authorized_keys',
      ],
      note: `This key can then read ${folder} and do nothing else.${other}`,
    },
    {
      title: `as root: make the account ${user}, which can do nothing else`,
      lines: [
        // Of an account that is there nothing is changed.
        `useradd --user-group --no-create-home --home-dir ${home} --shell /bin/sh ${user} &&`,
        `usermod --password '*' ${user} &&`,
        `install -d -m 0755 ${home} ${home}/.ssh &&`,
        ...appended(`${home}/.ssh/authorized_keys`, line, ' &&'),
        // sshd reads it as the account, whatever root's umask is.
        `chmod 644 ${home}/.ssh/authorized_keys &&`,
        `chgrp -R ${user} ${shellQuoted(folder)} &&`,
        `chmod -R g+rX ${shellQuoted(folder)}`,
      ],
      note: `The last two lines let it read the files.${other}`,
    },
    {
      title: 'a NAS, or any account without rrsync: this line into its authorized_keys',
      lines: [`restrict ${publicKey}`],
      note: `Whoever has this key can then read and write whatever ${user} can.${
        path.startsWith('/') ? '' : ' The address needs the absolute path of the folder.'
      }`,
    },
  ]
  // root needs no account made for it.
  return { at: host, ways: user === 'root' ? ways.filter((_, i) => i !== 1) : ways }
}

/** A jump host carries our connections to `next`, and nothing else. */
export const pasteForJump = ({ host, user }: Hop, next: Hop, publicKey: string): Paste => ({
  at: host,
  ways: [
    {
      title: `the jump host, as ${user}`,
      lines: [
        'mkdir -p -m 700 ~/.ssh',
        ...appended(
          '~/.ssh/authorized_keys',
          `restrict,port-forwarding,permitopen="${hostText(next.host)}:${next.port}",command="/bin/false" ${publicKey}`,
        ),
        'chmod 600 ~/.ssh/authorized_keys',
      ],
      note: null,
    },
  ],
})

/** authorized_keys: rrsync, whatever the client asks for, and only to read. sshd takes `\"` for a quote there, and a shell reads the rest. */
const confinedLine = (folder: string, publicKey: string): string =>
  `restrict,command="rrsync -ro ${shellQuoted(folder).replaceAll('"', '\\"')}" ${publicKey}`

/** The first line is empty: the file may end without a line end. */
const appended = (file: string, line: string, more = ''): readonly string[] => [
  `cat >> ${file} <<'END'${more}`,
  '',
  line,
  'END',
]
