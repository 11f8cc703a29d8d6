import type { Hop, SshPlace } from '../model/spec.ts'

/** Which machine on the way ssh's words are about: a gate where they name one, else the source itself. */
export function machineNamed(line: string, place: SshPlace): Hop | SshPlace {
  const machines = [place, ...place.jump]
  return (
    machines.find(({ host, port }) => line.includes(`[${host}]:${port}`)) ??
    machines.find(({ host }) => line.includes(host)) ??
    place
  )
}
