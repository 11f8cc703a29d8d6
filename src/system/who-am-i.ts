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
