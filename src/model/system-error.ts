import { Failure } from './failure.ts'

/** I15: an error that the kernel gave. It is known by its shape: Node names most of them, and some have but a number. */
export interface SystemError {
  /** `ENOSPC`; `error 512` where nobody has a name for it. */
  readonly name: string
  /** `open`; null where it is not known. */
  readonly syscall: string | null
  /** The file it was about; null where it is not known. */
  readonly path: string | null
}

/** Linux's own names for what Node only gives a number. */
const UNNAMED: Readonly<Record<number, string>> = {
  35: 'EDEADLK',
  37: 'ENOLCK',
  61: 'ENODATA',
  62: 'ETIME',
  66: 'EREMOTE',
  67: 'ENOLINK',
  72: 'EMULTIHOP',
  74: 'EBADMSG',
  116: 'ESTALE',
  117: 'EUCLEAN',
  121: 'EREMOTEIO',
  122: 'EDQUOT',
  123: 'ENOMEDIUM',
  124: 'EMEDIUMTYPE',
  126: 'ENOKEY',
  127: 'EKEYEXPIRED',
  128: 'EKEYREVOKED',
  129: 'EKEYREJECTED',
  131: 'ENOTRECOVERABLE',
  133: 'EHWPOISON',
}

/** What Node says where the machine cannot give it what it needs: no thread, no memory for a whole file. */
const SCARCE =
  /^ERR_(WORKER_INIT_FAILED|WORKER_OUT_OF_MEMORY|FS_FILE_TOO_LARGE|STRING_TOO_LONG|MEMORY_ALLOCATION_FAILED)$/

/** Null: it is not a system error. */
export function systemErrorOf(error: unknown): SystemError | null {
  if (!(error instanceof Error)) return null
  const { code, errno, syscall, path } = error as { [key in 'code' | 'errno' | 'syscall' | 'path']?: unknown }
  const name = nameOf(typeof code === 'string' ? code : '', typeof errno === 'number' ? errno : null)
  if (name === null) return null
  return {
    name,
    syscall: typeof syscall === 'string' ? syscall : null,
    path: typeof path === 'string' ? path : null,
  }
}

function nameOf(given: string, errno: number | null): string | null {
  if (/^E[A-Z0-9]+$/.test(given) || SCARCE.test(given)) return given
  // Of the hashing threads only the code comes through.
  const said = /^Unknown system error -?(\d+)$/.exec(given)
  const number = said === null ? errno : Number(said[1])
  if (number === null) return null
  return UNNAMED[Math.abs(number)] ?? `error ${Math.abs(number)}`
}

/** Why a file cannot be read, as the end of a sentence; `gone`: where it is not there. */
export function whyUnreadable(error: unknown, gone = 'there is no such file'): string {
  const name = systemErrorOf(error)?.name ?? 'it cannot be read'
  return name === 'ENOENT' ? gone : name === 'EACCES' ? 'permission denied' : name
}

/** What programs print of the errors that have words of their own below, in the C locale. */
const PRINTED: readonly (readonly [string, string])[] = [
  ['No space left on device', 'ENOSPC'],
  ['quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
  ['Operation not permitted', 'EPERM'],
  ['Input/output error', 'EIO'],
  ['Structure needs cleaning', 'EUCLEAN'],
  ['Stale file handle', 'ESTALE'],
  ['No such device', 'ENODEV'],
  ['Transport endpoint is not connected', 'ENOTCONN'],
]

/** The name of the error that a program put in words; null: none of those that matter. */
export const errnoIn = (printed: string): string | null =>
  PRINTED.find(([words]) => printed.includes(words))?.[1] ?? null

interface Words {
  readonly code: string
  readonly why: string
  readonly hint: string
  readonly retryable: boolean
}

/**
 * A system error as a Failure; a Failure as it is; null: neither, so a bug. `about`: what was being done, completing "cannot ...", and
 * the path as people know it, where the error's own words are not the best; whether a full file system lacks inodes; and what is no
 * folder where one has to be, as a clause.
 */
export function failureOf(
  error: unknown,
  about: {
    readonly doing?: string
    readonly path?: string
    readonly lacksInodes?: boolean
    readonly noFolder?: string | null
  } = {},
): Failure | null {
  if (error instanceof Failure) return error
  const found = systemErrorOf(error)
  if (found === null) return null
  const path = about.path ?? found.path
  const doing = about.doing ?? found.syscall ?? 'go on with'
  const isNamed = path === null || (about.doing === undefined && doing.endsWith(` ${path}`))
  const { code, why, hint, retryable } =
    about.noFolder == null
      ? wordsOf(found, about.lacksInodes === true)
      : inTheWay(about.noFolder, 'Move that file away, or name another folder.')
  return new Failure({
    code,
    message: `cannot ${doing}${isNamed ? '' : ` ${path}`}: ${why}`,
    hint,
    retryable,
    ...(path === null ? {} : { path }),
    cause: error,
  })
}

/** Why a program could not be started; null: it is not here. */
export const notStarted = (error: unknown, program: string): Failure | null =>
  systemErrorOf(error)?.name === 'ENOENT' ? null : failureOf(error, { doing: 'start', path: program })

/** What was thrown, as a Failure. A bug is thrown on as it is, and so is the reason of a stop where there was one. */
export function failureFrom(error: unknown, signal?: AbortSignal): Failure {
  signal?.throwIfAborted()
  const failure = failureOf(error)
  if (failure === null) throw error
  return failure
}

function wordsOf({ name, syscall }: SystemError, lacksInodes: boolean): Words {
  if (name === 'ENOSPC' && lacksInodes) return NO_INODES
  return (
    WORDS[name] ?? {
      code: 'disk-error',
      why: `the system says ${name}${syscall === null ? '' : ` (${syscall})`}`,
      hint: 'Check the system log (dmesg) for disk errors.',
      retryable: false,
    }
  )
}

/** One kind of words: those that share their code, and whether trying again may help. */
const kind =
  (code: string, retryable: boolean) =>
  (why: string, hint: string): Words => ({ code, why, hint, retryable })

const full = kind('disk-full', true)
const failing = kind('disk-failing', false)
const scarce = kind('disk-error', true)
const inTheWay = kind('disk-path', false)

const NO_INODES = full(
  'the file system has no inodes left: there is room for bytes but not for more files',
  'Remove files there (df -i shows how many it can hold), or recreate the file system with more inodes; what is staged stays and is resumed.',
)

const forbidden = kind('disk-forbidden', false)(
  'permission denied for this user',
  'Run as the user who owns the destination, or give that user the folder.',
)

const gone = (why: string): Words =>
  kind('disk-gone', true)(
    why,
    'Check that the disk is there and mounted (findmnt, dmesg), and mount it again if it is not.',
  )

const WORDS: Readonly<Record<string, Words>> = {
  ENOSPC: full(
    'the file system is full: no room for bytes is left',
    'Make room on that file system; what is staged stays and is resumed.',
  ),
  EDQUOT: full(
    'the quota is used up (bytes or files)',
    'Raise the quota of the user who runs this, or make room within it (quota -s); what is staged stays and is resumed.',
  ),
  EROFS: kind('disk-read-only', false)(
    'the file system is read-only',
    'Mount it writable. A file system that turned read-only by itself has seen errors: check dmesg first.',
  ),
  EIO: failing(
    'the disk reports an error (EIO)',
    'Check dmesg and the disk (smartctl) before anything else is written to it.',
  ),
  EUCLEAN: failing(
    'the file system is damaged and needs repair (EUCLEAN)',
    'Check dmesg, unmount it, and let fsck (xfs_repair, btrfs check) repair it before anything else is written to it.',
  ),
  ESTALE: gone('its NFS handle is stale: the server has another file system there by now (ESTALE)'),
  ENODEV: gone('the device is gone (ENODEV)'),
  ENXIO: gone('the device is gone (ENXIO)'),
  ENOMEDIUM: gone('no medium is in the drive (ENOMEDIUM)'),
  ENOTCONN: gone('the file system is no longer connected (ENOTCONN)'),
  ESHUTDOWN: gone('the file system was shut down (ESHUTDOWN)'),
  EACCES: forbidden,
  EPERM: forbidden,
  ENOTDIR: inTheWay(
    'a part of the path is a file, not a folder',
    'namei -l and the path shows which. Move that file away, or name another path.',
  ),
  ELOOP: inTheWay('there is a symlink, and symlinks are never followed', 'Move the symlink aside.'),
  EEXIST: inTheWay('something else is there', 'Move what is in the way aside.'),
  ENOENT: kind('disk-path', true)(
    'it is not there',
    'Something else changed the destination meanwhile; run again, and find out what did.',
  ),
  EMFILE: scarce('too many files are open', 'Raise the limit of open files (ulimit -n).'),
  ENFILE: scarce(
    'too many files are open on this machine',
    'Raise fs.file-max, or see who holds them (lsof).',
  ),
  ENOMEM: scarce('this machine has no memory left (ENOMEM)', 'See what uses it (top, dmesg), and try again.'),
  EAGAIN: scarce(
    'this machine is out of a resource just now (EAGAIN)',
    'See the limits of processes and threads (ulimit -u, TasksMax of the service), and try again.',
  ),
  ERR_WORKER_INIT_FAILED: scarce(
    'this machine cannot start more threads',
    'See the limits of processes and threads (ulimit -u, TasksMax of the service), and try again.',
  ),
}
