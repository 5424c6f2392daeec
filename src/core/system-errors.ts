/**
 * What follows from the codes that the operating system and the runtime give to an error (errno(3), getaddrinfo(3),
 * c-ares, Node's "Errors"): whether it passes by itself, and what to tell of it where that is the same whatever was
 * being done. Every judgement of such a code begins here; what is not listed is taken to last.
 */

/** `exhausted`: of this process or machine, to be tried again soon, as that burdens nobody else. */
export type SystemErrorKind = 'exhausted' | 'passing' | 'lasting';

export interface SystemErrorFacts {
  readonly kind: SystemErrorKind;
  /** What has happened: `too many files and sockets are open`. */
  readonly means?: string;
  readonly hint?: string;
}

const openFiles = 'raise the limit (ulimit -n, or LimitNOFILE= of systemd), or find out what keeps so many open';
const memory = 'give the process or the machine more memory, or find out what uses it up';

const exhausted: Readonly<Record<string, Omit<SystemErrorFacts, 'kind'>>> = {
  EMFILE: { means: 'this process has as many files and sockets open as it may', hint: openFiles },
  ENFILE: { means: 'this machine has as many files and sockets open as it can', hint: 'raise fs.file-max' },
  ENOMEM: { means: 'there is no memory left', hint: memory },
  EAI_MEMORY: { means: 'there is no memory left', hint: memory },
  ERR_MEMORY_ALLOCATION_FAILED: { means: 'there is no memory left', hint: memory },
  ERR_OSSL_MALLOC_FAILURE: { means: 'there is no memory left', hint: memory },
  ERR_WORKER_OUT_OF_MEMORY: { means: 'there is no memory left', hint: memory },
  ERR_WORKER_INIT_FAILED: { means: 'no thread could be started', hint: 'raise the limits on processes and memory' },
  ENOSPC: { means: 'the disk is full', hint: 'make room on it' },
  EDQUOT: { means: 'the quota on the disk is used up', hint: 'make room below the quota' },
  ENOBUFS: { means: 'the system has no buffers left for sockets', hint: memory },
  EADDRNOTAVAIL: {
    means: 'there is no such address here, or all ports of it are in use',
    hint: 'many connections to one place use up the ports: see net.ipv4.ip_local_port_range',
  },
  ENOSR: { means: 'the system has no streams left' },
  ENOLCK: { means: 'the system has no file locks left' },
  EAGAIN: {
    means: 'the system has no room for it right now',
    hint: 'where a process or thread was to be started: raise the limit on them (ulimit -u, TasksMax= of systemd)',
  },
  ETXTBSY: { means: 'the file is being written' },
};

/** Over once somebody else has done something: a server, a name server, whoever plugs a device in. */
const passing: readonly string[] = [
  // Connections.
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTCONN', 'EPIPE', 'ESHUTDOWN', 'ETIMEDOUT', 'ETIME', 'EPROTO'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'ENONET', 'EADDRINUSE'],
  ...['ERR_SOCKET_CLOSED', 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'ERR_SOCKET_CONNECTION_TIMEOUT'],
  ...['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED', 'ERR_TLS_HANDSHAKE_TIMEOUT', 'ECANCELED'],
  // Names. An unknown one too: a machine that is not connected, or a zone that is being changed, knows none.
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_CANCELED', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'EAI_PROTOCOL', 'ENODATA'],
  ...['ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'EBADRESP', 'ENONAME', 'ECANCELLED', 'EDESTRUCTION', 'EOF'],
  // Files, devices and file servers.
  ...['EBUSY', 'EDEADLK', 'EINTR', 'EINPROGRESS', 'EALREADY', 'EWOULDBLOCK', 'EIO', 'EREMOTEIO', 'ESTALE', 'ENOLINK'],
  ...['ENXIO', 'ENODEV', 'ENOMEDIUM', 'EUNATCH', 'EIDRM', 'ESRCH'],
  // TLS: the clock may be wrong, and what answers may be the page of a guest network (see NETWORK_TLS).
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_REVOKED', 'CERT_SIGNATURE_FAILURE', 'CERT_CHAIN_TOO_LONG'],
  ...['CERT_UNTRUSTED', 'CERT_REJECTED', 'INVALID_CA', 'INVALID_PURPOSE', 'PATH_LENGTH_EXCEEDED', 'HOSTNAME_MISMATCH'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID'],
];

/** The files of this package, which an update replaces beneath a process that runs. */
const packageChanged = {
  means: 'a file of this package is not there any more: it was changed on disk',
  hint: 'restart the program',
} as const;

/** Over once somebody has changed something here. Listed so that nobody need wonder whether they were forgotten. */
const lasting: readonly string[] = [
  ...['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'EEXIST', 'ENOTEMPTY', 'EXDEV', 'EMLINK', 'EROFS'],
  ...['EACCES', 'EPERM', 'EFBIG', 'EBADF', 'EINVAL', 'EFAULT', 'ENOTTY', 'ESPIPE', 'ENOTBLK', 'EILSEQ', 'EOVERFLOW'],
  ...['E2BIG', 'ENOEXEC', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'ENOTSOCK', 'EDESTADDRREQ', 'EMSGSIZE', 'EISCONN'],
  ...['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EPROTOTYPE', 'ENOPROTOOPT', 'EAI_ADDRFAMILY', 'EAI_BADFLAGS', 'EAI_FAMILY'],
  ...['EAI_SERVICE', 'EAI_SOCKTYPE', 'EAI_BADHINTS', 'EAI_OVERFLOW', 'EBADNAME', 'EBADQUERY', 'EBADFAMILY', 'EBADSTR'],
  ...['EBADFLAGS', 'EBADHINTS', 'EFORMERR', 'ENOTIMP', 'EFILE', 'ENOTINITIALIZED', 'ELOADIPHLPAPI'],
  ...[
    'EADDRGETNETWORKPARAMS',
    'ECHARSET',
    'ERANGE',
    'EDOM',
    'EFTYPE',
    'ESOCKTNOSUPPORT',
    'EBADMSG',
    'ECHILD',
    'ENOMSG',
  ],
  ...['EMULTIHOP', 'ENOSTR'],
  ...['ERR_ACCESS_DENIED', 'ERR_DLOPEN_FAILED', 'ERR_FS_FILE_TOO_LARGE', 'ERR_STRING_TOO_LONG', 'ERR_BUFFER_TOO_LARGE'],
  ...['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_URL', 'ERR_OUT_OF_RANGE', 'ERR_ASSERTION'],
  ...['ERR_CRYPTO_INVALID_DIGEST', 'ERR_CRYPTO_INVALID_KEYTYPE', 'ERR_OSSL_UNSUPPORTED', 'ERR_OSSL_BAD_DECRYPT'],
  ...[
    'ERR_UNKNOWN_BUILTIN_MODULE',
    'ERR_REQUIRE_ESM',
    'ERR_PACKAGE_PATH_NOT_EXPORTED',
    'ERR_UNSUPPORTED_ESM_URL_SCHEME',
  ],
];

export const systemErrors: ReadonlyMap<string, SystemErrorFacts> = new Map<string, SystemErrorFacts>([
  ...Object.entries(exhausted).map(([code, facts]) => [code, { kind: 'exhausted', ...facts }] as const),
  ...passing.map((code) => [code, { kind: 'passing' }] as const),
  ...['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].map(
    (code) => [code, { kind: 'passing', ...packageChanged }] as const,
  ),
  ...lasting.map((code) => [code, { kind: 'lasting' }] as const),
]);

/** `EMFILE: this process has …`, or the code alone where what it means depends on what was being done. */
export function codeInWords(code: string): string {
  const means = systemErrors.get(code)?.means;
  return means === undefined ? code : `${code}: ${means}`;
}

/** Undefined where the code is not known. */
export function systemFactsOf(code: string | undefined): SystemErrorFacts | undefined {
  if (code === undefined) return undefined;
  // OpenSSL has hundreds of them, one for each step of a handshake.
  return systemErrors.get(code) ?? (code.startsWith('ERR_SSL_') ? { kind: 'passing' } : undefined);
}
