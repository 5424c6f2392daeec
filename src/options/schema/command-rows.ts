import type { OptionRow } from './option.ts';

/** Of commands that run on and write a log. */
export const logFormat: OptionRow = {
  flag: 'log-format',
  kind: 'string',
  placeholder: 'FORMAT',
  help: 'How lines on stderr are written.',
  fallback: 'text',
  choices: ['text', 'json'],
};

/** The options that `serve` has besides those of every command with credentials. */
export const serveRows: readonly OptionRow[] = [
  {
    flag: 'port',
    kind: 'integer',
    placeholder: 'NUMBER',
    help: 'Port of addresses that are given without one; 0 finds a free one.',
    fallback: '9911',
    range: [0, 65_535],
  },
  {
    flag: 'hop-limit',
    kind: 'integer',
    placeholder: 'NUMBER',
    help: 'Over how many routers answers may go: the IP time to live, and the hop limit of IPv6. That of the system unless given.',
    range: [1, 255],
  },
  {
    flag: 'listen',
    kind: 'list',
    placeholder: 'ADDRESS',
    help:
      'Where to listen: 127.0.0.1, [::1], either with :PORT, or the path of a Unix socket; 127.0.0.1 when neither this ' +
      'nor systemd says. Other addresses need --token-file.',
  },
  {
    flag: 'socket-mode',
    kind: 'string',
    placeholder: 'MODE',
    help: 'Permissions of Unix sockets, in octal.',
    fallback: '0600',
  },
  {
    flag: 'token-file',
    kind: 'string',
    placeholder: 'PATH',
    help: 'File with the token of the container endpoint, made when it is not there; without it that endpoint is off.',
  },
  {
    flag: 'allow-host',
    kind: 'list',
    placeholder: 'NAME',
    help: 'Host name that requests may be addressed to, besides loopback and 169.254.169.254.',
  },
  {
    flag: 'allow-uid',
    kind: 'list',
    placeholder: 'UID',
    help: 'User of this machine whose processes may connect, and nobody else; Linux.',
  },
  {
    flag: 'wait',
    kind: 'boolean',
    help: 'Keeps trying where the first credentials cannot be had, and answers 503 meanwhile.',
  },
  {
    flag: 'admin-listen',
    kind: 'list',
    placeholder: 'ADDRESS',
    help: 'Where /healthz, /readyz and /metrics are, in place of the addresses of credentials; with a port, or a path.',
  },
  logFormat,
  {
    flag: 'log-level',
    kind: 'string',
    placeholder: 'LEVEL',
    help: 'The least important lines to write; with debug, one for every request.',
    fallback: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
  },
];

/** The options that `sign-string` alone has. */
export const signStringRows: readonly OptionRow[] = [
  {
    flag: 'format',
    kind: 'string',
    placeholder: 'FORMAT',
    help: 'How the signature is written: hex in quotes, hex, or raw bytes.',
    fallback: 'json',
    choices: ['json', 'text', 'bin'],
  },
  {
    flag: 'digest',
    kind: 'string',
    placeholder: 'DIGEST',
    help: 'Hash to sign with; an ML-DSA key has none.',
    fallback: 'SHA256',
    choices: ['SHA256', 'SHA384', 'SHA512'],
  },
];
