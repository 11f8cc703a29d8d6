/** `SHA256:…` in whatever ssh-keygen, or a person, wrote around it; null: there is none. */
export function readFingerprint(text: string): string | null {
  const [, digest] = /(?:^|\s)SHA256:([A-Za-z0-9+/]{43})=?(?:\s|$)/.exec(text) ?? []
  return digest === undefined ? null : `SHA256:${digest}`
}
