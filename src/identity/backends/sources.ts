import { RolesAnywhereError } from '../../core/errors.ts';
import { looksLikeContent } from '../../core/looks-like-content.ts';
import type { ByteSource, KeySource, KeyStoreSource, SecretSource } from '../identity.ts';

/** What a source that never gives out its key says of itself. What opens it is in registry.ts. */
interface KeyStoreWords<S> {
  /** How messages name it: `TPM handle 0x81000001`. Nothing that may hold a secret. */
  name(source: S): string;
  /** What decides which key it is, for the name of an entry in the disk cache. No secret, as that could be guessed. */
  cacheLocation(source: S): object;
}

type WordsOfEach = { readonly [K in KeyStoreSource['kind']]: KeyStoreWords<KeyStoreSource & { readonly kind: K }> };

/** Backend by backend. All of them are read where one source is named, so no code of a backend is imported here. */
const keyStores: WordsOfEach = {
  pkcs11: {
    name: () => 'the PKCS#11 URI',
    cacheLocation({ kind, uri }) {
      // The query may hold the PIN; of the key it says no more than the module.
      const [path, query = ''] = uri.split('?', 2);
      return { kind, path, module: query.split('&').filter((attribute) => attribute.startsWith('module-')) };
    },
  },
  exec: {
    name: ({ command }) => `the signer ${command[0]}`,
    // Of what it is given as arguments nobody knows whether it is a secret.
    cacheLocation: ({ kind, command }) => ({ kind, program: command[0] }),
  },
  spiffe: {
    name: ({ socket }) => `the X.509-SVID of the Workload API at ${socket ?? 'SPIFFE_ENDPOINT_SOCKET'}`,
    cacheLocation: ({ kind, socket }) => ({ kind, socket }),
  },
  'tpm-handle': {
    name: ({ handle }) => `TPM handle 0x${handle.toString(16)}`,
    cacheLocation: ({ kind, handle }) => ({ kind, handle }),
  },
  'ssh-agent': {
    name: ({ socket }) => (socket === undefined ? 'the ssh-agent of SSH_AUTH_SOCK' : `the ssh-agent at ${socket}`),
    cacheLocation: ({ kind, socket }) => ({ kind, socket }),
  },
  'windows-store': {
    name: ({ location, store }) => `the store ${location}\\${store}`,
    cacheLocation: ({ option: _option, ...place }) => place,
  },
  keychain: {
    name: ({ keychain }) => (keychain === undefined ? 'the keychains of this user' : `the keychain ${keychain}`),
    cacheLocation: ({ option: _option, ...place }) => place,
  },
};

const byteSources: Readonly<Record<ByteSource['kind'], true>> = {
  file: true,
  env: true,
  fd: true,
  stdin: true,
  credential: true,
  bytes: true,
};

/** Whether a source is read, by the file backend; all others are key stores. */
export function givesBytes(source: KeySource): source is ByteSource {
  return source.kind in byteSources;
}

/** A source of a certificate or of what else must be bytes. */
export function bytesOf(source: KeySource): ByteSource {
  if (givesBytes(source)) return source;
  throw new RolesAnywhereError('OPTION_CONFLICT', `${source.option} names a place that does not give out bytes`);
}

/** Whether two sources are the same one, so that what can be read only once is read only once. */
export function isSameSource(one: KeySource, other: KeySource): boolean {
  if (one === other) return true;
  if (one.kind === 'bytes' || one.kind !== other.kind) return false;
  const others = new Map<string, unknown>(Object.entries(other));
  return Object.entries(one).every(([name, value]) => name === 'option' || others.get(name) === value);
}

/** How messages name a source: `--certificate: /etc/pki/leaf.pem`. */
export function locationOf(source: KeySource | SecretSource): string {
  return `${source.option}: ${nameOf(source)}`;
}

/** The same without the option: `/etc/pki/leaf.pem`. */
export function nameOf(source: KeySource | SecretSource): string {
  if (source.kind === 'value') return 'the password given';
  return givesBytes(source) ? nameOfBytes(source) : wordsOf(source).name(source);
}

/** As nameOf, of sources that are read. */
export function nameOfBytes(source: ByteSource): string {
  if (source.kind === 'file') {
    return looksLikeContent(source.path) ? 'a path that looks like the content of a key file' : source.path;
  }
  if (source.kind === 'env') return `environment variable ${source.name}`;
  if (source.kind === 'credential') return `systemd's credential ${source.name}`;
  if (source.kind === 'fd') return `file descriptor ${source.fd}`;
  return source.kind === 'stdin' ? 'standard input' : (source.name ?? 'the value given');
}

/** What decides which key of a store it is, without secrets. */
export function cacheLocation(source: KeyStoreSource): object {
  return wordsOf(source).cacheLocation(source);
}

function wordsOf({ kind }: KeyStoreSource): KeyStoreWords<KeyStoreSource> {
  return keyStores[kind];
}
