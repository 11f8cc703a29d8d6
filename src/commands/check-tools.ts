import { checkTools as checkSourceTools } from '../source/check-tools.ts'
import { checkHostTools } from '../system/check-host-tools.ts'

/** Throws the Failure that names the package where a program is missing that every pass needs. */
export async function checkTools(): Promise<void> {
  const [here, there] = await Promise.all([checkHostTools(), checkSourceTools()])
  const missing = here ?? there
  if (missing !== null) throw missing
}
