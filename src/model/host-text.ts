/** A host in front of a colon: an IPv6 address needs brackets there. */
export const hostText = (host: string): string => (host.includes(':') ? `[${host}]` : host)
