import { readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'

/** The person, also behind sudo; a uid without a name has only its number. */
export function whoAmI(): string {
  const person = process.env['SUDO_USER']
  if (person !== undefined) return person
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

/** `/` for a uid without a name that has no $HOME either, as in a container. */
export function homeFolder(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}

/** A user's name for a hint; null where the password file has none. Names from elsewhere (LDAP) go by number. */
export function userName(uid: number): string | null {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , id] = line.split(':')
      if (id === String(uid) && name !== undefined && /^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(name))
        return name
    }
  } catch {
    // No password file: the number will do.
  }
  return null
}
