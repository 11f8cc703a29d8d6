/** What helps against each of them where a source is meant. */
export const SSH_HINTS: Readonly<Record<string, string>> = {
  'host-key-changed':
    'If the machine was really reinstalled, compare its new key on its own console and put it into source.knownHosts. Otherwise somebody is in between.',
  'host-key-unknown':
    'Put its key into source.knownHosts: ssh-keyscan -t ed25519 -p PORT HOST, after comparing it with /etc/ssh/ssh_host_ed25519_key.pub there.',
  'key-refused':
    "Put the public half of source.identity into that account's authorized_keys, and see that the account is not locked (usermod -p '*').",
  'host-unresolvable': "See source.host and this machine's DNS.",
  'connection-refused': 'See source.port, whether sshd runs there, and the firewall.',
  'source-silent':
    'See whether sshd answers there (is it another service?), and whether the machine is overloaded.',
  'host-unreachable': 'See whether the machine and the line are up, and the firewall.',
  'no-common-algorithm': 'For a very old sshd set source.algorithms: legacy; better, update it.',
  'connection-lost': 'It is tried again. If it stays so, look at the line and at the log of sshd there.',
  'ssh-failed': 'Run ssh -v with the same key and known_hosts by hand to see more.',
}
