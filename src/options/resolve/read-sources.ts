import { type ErrorCode, RolesAnywhereError } from '../../core/errors.ts';
import type { ByteSource, KeySource, KeyStoreSource, SecretSource } from '../../identity/identity.ts';
import { parsePkcs11Uri } from '../../identity/pkcs11-uri.ts';
import { splitCommandLine } from '../profile/split-command-line.ts';
import { parseCertSelector } from './cert-selector.ts';
import { attributesOf } from './store-attributes.ts';
import { parseKeychain, parseWindowsStore, storeSource } from './store-source.ts';
import { holdsPem, parseByteSource, parseCredential, passwordOf } from './sources.ts';
import type { OptionValues } from '../parse/option-values.ts';
import type { Problems } from '../parse/problems.ts';

type Explanation = readonly [code: ErrorCode, what: string, hint: string];

/** How a key store is named by an option. */
interface KeyStoreText<S> {
  /** What its texts begin with, before the colon. */
  readonly scheme: string;
  /** @throws RolesAnywhereError OPTION_*, PKCS11_* that says what is wrong */
  parse(text: string, option: string): S;
  /** Why it is no place of a certificate; undefined where it is one. */
  readonly noCertificate?: Explanation;
  /** Why it is no place of bytes. */
  readonly noBytes: Explanation;
}

type KeyStoreTexts = { readonly [K in KeyStoreSource['kind']]: KeyStoreText<KeyStoreSource & { readonly kind: K }> };

const noCertificateInTpm: Explanation = [
  'OPTION_INVALID',
  'names a handle of the TPM, which holds keys and no certificates',
  'give the handle with --private-key, and with --certificate the file of the certificate',
];

const noCertificateInAgent: Explanation = [
  'OPTION_INVALID',
  'names an ssh-agent, which holds keys and no X.509 certificates',
  'give it with --private-key, and with --certificate the file of the certificate',
];

const noCertificateOfSigner: Explanation = [
  'OPTION_INVALID',
  'names a program that signs, and gives no certificates',
  'give it with --signer, and with --certificate the file of the certificate',
];

const keyStores: KeyStoreTexts = {
  pkcs11: {
    scheme: 'pkcs11',
    parse(text, option) {
      parsePkcs11Uri(text, option);
      return { option, kind: 'pkcs11', uri: text };
    },
    noBytes: [
      'OPTION_INVALID',
      'is a PKCS#11 URI, and must be a file, env:NAME, fd:N or - for stdin',
      'intermediate certificates that are on the token of the leaf are found without an option',
    ],
  },
  'tpm-handle': {
    scheme: 'handle',
    parse(text, option) {
      // Persistent handles are 0x81000000 to 0x81FFFFFF (TPM 2.0 Library, part 2, section 7.4).
      const [, digits] = /^handle:(?:0x)?(81[0-9a-f]{6})$/i.exec(text) ?? [];
      if (digits !== undefined) return { option, kind: 'tpm-handle', handle: Number.parseInt(digits, 16) };
      throw fault(option, [
        'OPTION_INVALID',
        'must hold a persistent handle after handle:',
        'write handle:0x81000001; persistent handles are 0x81000000 to 0x81ffffff',
      ]);
    },
    noCertificate: noCertificateInTpm,
    noBytes: noCertificateInTpm,
  },
  exec: {
    scheme: 'exec',
    parse(text, option) {
      const command = splitCommandLine(text.slice('exec:'.length));
      if (command?.[0] !== undefined && command[0] !== '') return { option, kind: 'exec', command };
      throw fault(option, [
        'OPTION_INVALID',
        'must name a program after exec:',
        'write exec:/usr/local/bin/signer, with arguments behind it where it takes any; each quote needs its end',
      ]);
    },
    noCertificate: noCertificateOfSigner,
    noBytes: noCertificateOfSigner,
  },
  spiffe: {
    scheme: 'spiffe',
    parse(text, option) {
      const attributes = attributesOf(text.slice('spiffe:'.length), ['socket']);
      const socket = attributes?.get('socket');
      if (attributes !== undefined) return { option, kind: 'spiffe', ...(socket === undefined ? {} : { socket }) };
      throw fault(option, [
        'OPTION_INVALID',
        'must be spiffe: alone, or name a socket after it',
        'write spiffe: for the Workload API of SPIFFE_ENDPOINT_SOCKET, or spiffe:?socket=/run/spire/agent.sock; an ID goes to --spiffe-id',
      ]);
    },
    noBytes: [
      'OPTION_INVALID',
      'names the Workload API of SPIFFE, and must be a file, env:NAME, fd:N or - for stdin',
      'an X.509-SVID comes with its intermediate certificates',
    ],
  },
  'ssh-agent': {
    scheme: 'ssh-agent',
    parse(text, option) {
      const attributes = attributesOf(text.slice('ssh-agent:'.length), ['socket']);
      const socket = attributes?.get('socket');
      if (attributes !== undefined) return { option, kind: 'ssh-agent', ...(socket === undefined ? {} : { socket }) };
      throw fault(option, [
        'OPTION_INVALID',
        'must be ssh-agent: alone, or name a socket after it',
        'write ssh-agent: for the agent of SSH_AUTH_SOCK, or ssh-agent:?socket=/run/user/1000/agent',
      ]);
    },
    noCertificate: noCertificateInAgent,
    noBytes: noCertificateInAgent,
  },
  'windows-store': {
    scheme: 'cert',
    parse(text, option) {
      const source = parseWindowsStore(text, option);
      if (source !== undefined) return source;
      throw fault(option, [
        'OPTION_INVALID',
        'must name a store of Windows after cert:, and what is to be found there',
        String.raw`write cert:\CurrentUser\My\THUMBPRINT, or cert:/LocalMachine/My?subject=CN=leaf&issuer=CN=ca; docs/backends/windows.md has what else can be asked for`,
      ]);
    },
    noBytes: [
      'OPTION_INVALID',
      'names a store of Windows, and must be a file, env:NAME, fd:N or - for stdin',
      'intermediate certificates that are in a store are found without an option',
    ],
  },
  keychain: {
    scheme: 'keychain',
    parse(text, option) {
      const source = parseKeychain(text, option);
      if (source !== undefined) return source;
      throw fault(option, [
        'OPTION_INVALID',
        'must be keychain: alone, or say after it what is to be found',
        'write keychain:?subject=CN=leaf, or keychain:?path=/Library/Keychains/System.keychain&issuer=CN=ca; docs/backends/macos.md has what else can be asked for',
      ]);
    },
    noBytes: [
      'OPTION_INVALID',
      'names a keychain of macOS, and must be a file, env:NAME, fd:N or - for stdin',
      'intermediate certificates that are in a keychain are found without an option',
    ],
  },
};

const explanations: ReadonlyMap<string, Explanation> = new Map<string, Explanation>([
  [
    'env',
    [
      'OPTION_INVALID',
      'must name an environment variable after env:',
      'write env:NAME, without a dollar sign; a file of that name is ./env:NAME',
    ],
  ],
  [
    'cred',
    [
      'OPTION_INVALID',
      'must name a credential of systemd after cred:',
      'write cred:leaf.pem, with LoadCredential=leaf.pem:/etc/pki/leaf.pem in the unit; a file of that name is ./cred:leaf.pem',
    ],
  ],
  ['fd', ['OPTION_INVALID', 'must hold a number after fd:', 'write fd:3; a file of that name is ./fd:3']],
]);

const pemItself: Explanation = [
  'OPTION_INVALID',
  'holds PEM text itself, where its place belongs',
  'put it into an environment variable and write env:NAME, or into a file and write its path',
];

/**
 * Reads where a private key is: in a key store, or as `parseByteSource` reads it.
 * @throws RolesAnywhereError OPTION_INVALID, OPTION_MISPLACED
 */
export function readKeySource(text: string, option: string): KeySource {
  const [scheme = ''] = text.split(':', 1);
  const store = Object.values(keyStores).find((one) => text.replace(/^Cert:/, 'cert:').startsWith(`${one.scheme}:`));
  const source =
    store === undefined ? (parseByteSource(text, option) ?? parseCredential(text, option)) : store.parse(text, option);
  if (source !== undefined) return source;
  const explanation = explanations.get(scheme) ?? (holdsPem(text) ? pemItself : undefined);
  if (explanation === undefined) return { option, kind: 'file', path: text };
  throw fault(option, explanation);
}

/** The same of a certificate, which not every store holds. */
export function readCertificateSource(text: string, option: string): KeySource {
  const source = readKeySource(text, option);
  const why = textOf(source)?.noCertificate;
  if (why === undefined) return source;
  throw fault(option, why);
}

/** The same of what must be bytes: no store gives them out. */
export function readByteSource(text: string, option: string): ByteSource {
  const source = readKeySource(text, option);
  if (isStored(source)) throw fault(option, keyStores[source.kind].noBytes);
  return source;
}

/**
 * Reads which program signs.
 * @throws RolesAnywhereError OPTION_INVALID
 */
function readSignerSource(text: string, option: string): KeySource {
  if (text.startsWith('exec:')) return readKeySource(text, option);
  throw fault(option, [
    'OPTION_INVALID',
    'must be exec: and a program',
    'write exec:/usr/local/bin/signer; a key in a file or a store goes to --private-key',
  ]);
}

function textOf(source: KeySource): KeyStoreText<KeyStoreSource> | undefined {
  return isStored(source) ? keyStores[source.kind] : undefined;
}

function isStored(source: KeySource): source is KeyStoreSource {
  return source.kind in keyStores;
}

/** The text itself is never shown: it may hold a PIN or a key. */
function fault(option: string, [code, what, hint]: Explanation): RolesAnywhereError {
  return new RolesAnywhereError(code, `${option} ${what}`, { hints: [hint] });
}

/** The flags of everything that has a password, or is a PIN. */
const passwordFlags = [
  'pkcs8-password',
  'pkcs11-pin',
  'tpm-key-password',
  'tpm-parent-password',
  'tpm-hierarchy-password',
] as const;

/** Where certificate, key and intermediates are, of those that were given. */
export interface GivenSources {
  readonly certificate?: KeySource;
  readonly privateKey?: KeySource;
  readonly intermediates?: ByteSource;
}

/** Reads the places of certificate, key and intermediates, and tells what is wrong with them and with the passwords'. */
export function readSources(values: OptionValues, problems: Problems): GivenSources {
  const read = <S>(flag: string, reader: (text: string, option: string) => S): S | undefined => {
    const text = values.isGiven(flag) ? values.text(flag) : undefined;
    return text === undefined ? undefined : problems.try(() => reader(text, values.origin(flag)));
  };
  const certificate = read('certificate', readCertificateSource) ?? problems.try(() => selectedSource(values));
  const privateKey = read('private-key', readKeySource) ?? read('signer', readSignerSource);
  const intermediates = read('intermediates', readByteSource);
  problems.try(() => refuseSharedDescriptors(passwordsOf(values), [certificate, privateKey, intermediates]));
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(intermediates === undefined ? {} : { intermediates }),
  };
}

/** The options that select a certificate of the operating system; any of them does. */
const storeFlags = ['cert-selector', 'system-store-name', 'keychain'] as const;

/** Whether the certificate is to be one of the operating system. */
export function isSelected(values: OptionValues): boolean {
  return storeFlags.some((flag) => values.isGiven(flag));
}

/** @throws RolesAnywhereError OPTION_INVALID, FILE_FAILED, STORE_UNAVAILABLE */
function selectedSource(values: OptionValues): KeySource | undefined {
  const given = storeFlags.find((flag) => values.isGiven(flag));
  if (given === undefined) return undefined;
  const option = values.origin(given);
  const selector = given === 'cert-selector' ? values.text(given) : undefined;
  const selection = selector === undefined ? {} : parseCertSelector(selector, option);
  return storeSource(selection, {
    option,
    store: values.text('system-store-name'),
    keychain: values.isGiven('keychain') ? values.text('keychain') : undefined,
  });
}

function passwordsOf(values: OptionValues): readonly SecretSource[] {
  return passwordFlags.flatMap((flag) => passwordOf(values, flag) ?? []);
}

function refuseSharedDescriptors(
  passwords: readonly SecretSource[],
  sources: Parameters<typeof sharesDescriptor>[1],
): void {
  for (const password of passwords) {
    const other = sharesDescriptor(password, [...sources, ...passwords]);
    if (other === undefined) continue;
    throw new RolesAnywhereError('OPTION_CONFLICT', `${other.option} and ${password.option} read the same descriptor`, {
      hints: ['give one of them another source'],
    });
  }
}

/**
 * The source that reads the descriptor of the password. Certificates and keys may share a source, which is read once
 * for all of them; a password needs one of its own.
 */
function sharesDescriptor(
  password: SecretSource | undefined,
  sources: readonly (KeySource | SecretSource | undefined)[],
): KeySource | SecretSource | undefined {
  if (password?.kind !== 'fd') return undefined;
  return sources.find((source) => source !== password && descriptorOf(source) === password.fd);
}

function descriptorOf(source: KeySource | SecretSource | undefined): number | undefined {
  if (source?.kind === 'stdin') return 0;
  return source?.kind === 'fd' ? source.fd : undefined;
}
