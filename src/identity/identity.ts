import type { Signer } from './signer.ts';
import type { Certificate } from './x509/certificate.ts';

/**
 * Who signs, and with which key: what every backend returns and what a caller of the library may bring along.
 *
 * @example
 * ```ts
 * import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
 * import { readFileSync } from 'node:fs';
 * import { fromRolesAnywhere, parseCertificate, type SigningIdentity } from 'roles-anywhere';
 *
 * const key = createPrivateKey(readFileSync('leaf.key'));
 * const identity: SigningIdentity = {
 *   certificate: parseCertificate(new X509Certificate(readFileSync('leaf.pem')).raw),
 *   chain: [],
 *   signer: { algorithm: 'ECDSA', sign: async (message) => sign('sha256', message, key) },
 *   close: async () => undefined,
 * };
 * export const credentials = fromRolesAnywhere({ profile: 'on-prem', identity });
 * ```
 */
export interface SigningIdentity {
  /** The leaf, sent as `X-Amz-X509`. */
  readonly certificate: Certificate;
  /** What goes into `X-Amz-X509-Chain`: issuer of the leaf first, without leaf, without self-signed root, at most 5. */
  readonly chain: readonly Certificate[];
  readonly signer: Signer;
  /** Gives back what is held open: a token session, a TPM handle. */
  close(): Promise<void>;
}

/** Certificate, chain and key of a process that lives on: read again as they change, always as one checked pair. */
export interface ReloadingIdentity {
  /**
   * Runs `action` with the newest pair that could be opened and has not expired.
   * @throws whatever `openIdentity` throws, when there is none; whatever `action` throws
   */
  use<T>(action: (identity: SigningIdentity) => Promise<T>): Promise<T>;
  /** The next use reads everything again, and tries a PIN or password again that was refused. */
  reload(): void;
  /** Calls back when a file of the identity has changed; the returned function ends that. */
  onChange(callback: () => void): () => void;
  /** Gives back what is held open, when the last use ends. */
  close(): Promise<void>;
}

/**
 * Where bytes come from. `option` is what messages call it: `--certificate`.
 *
 * @example
 * ```ts
 * import type { ByteSource } from 'roles-anywhere';
 *
 * export const intermediates: ByteSource = { kind: 'file', path: '/etc/pki/chain.pem', option: 'the chain' };
 * ```
 */
export type ByteSource = { readonly option: string } & (
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'stdin' }
  /** One that systemd handed to the service: a file of $CREDENTIALS_DIRECTORY (systemd.exec(5), "Credentials") */
  | { readonly kind: 'credential'; readonly name: string }
  /** `name` is what messages call them: `standard input` of bytes that came from there. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly name?: string }
);

/**
 * Where the private key is: bytes, or a place that never gives it out.
 *
 * @example
 * ```ts
 * import type { KeySource } from 'roles-anywhere';
 *
 * export const onToken: KeySource = { kind: 'pkcs11', uri: 'pkcs11:token=hsm;object=leaf', option: 'the key' };
 * ```
 */
export type KeySource =
  | ByteSource
  /** A PKCS#11 URI (RFC 7512) */
  | { readonly option: string; readonly kind: 'pkcs11'; readonly uri: string }
  /** A persistent handle, 0x81000000 to 0x81ffffff */
  | { readonly option: string; readonly kind: 'tpm-handle'; readonly handle: number }
  /** The agent's key that the certificate is for; `socket` as IdentityAgent of ssh_config(5), SSH_AUTH_SOCK when not given */
  | { readonly option: string; readonly kind: 'ssh-agent'; readonly socket?: string }
  /** A key that a program signs with: its name or path and its arguments. docs/backends/custom.md has the protocol. */
  | { readonly option: string; readonly kind: 'exec'; readonly command: readonly string[] }
  /** The X.509-SVID that SPIFFE's Workload API gives to this process, with its key; SPIFFE_ENDPOINT_SOCKET when not given */
  | { readonly option: string; readonly kind: 'spiffe'; readonly socket?: string }
  /** A certificate of a store of Windows, with its key */
  | ({
      readonly option: string;
      readonly kind: 'windows-store';
      readonly location: 'CurrentUser' | 'LocalMachine';
      /** `MY`, the personal one */
      readonly store: string;
    } & CertificateSelection)
  /** A certificate of a keychain of macOS, with its key */
  | ({
      readonly option: string;
      readonly kind: 'keychain';
      /** A path, `login` or `System`; when not given, all that the user looks in by default */
      readonly keychain?: string;
    } & CertificateSelection);

/**
 * What a certificate of a store of the operating system must have to be the one: all that is given.
 *
 * @example
 * ```ts
 * import type { CertificateSelection } from 'roles-anywhere';
 *
 * export const ofWorkstations: CertificateSelection = { issuer: 'CN=Issuing CA 2,O=Example', keyUsage: 'clientAuth' };
 * ```
 */
export interface CertificateSelection {
  /** SHA-1 or SHA-256 of the certificate: 40 or 64 hexadecimal digits in lower case */
  readonly thumbprint?: string;
  /** Attributes that the subject has, as RFC 4514 writes them, in any order: `CN=leaf,O=Example` */
  readonly subject?: string;
  readonly issuer?: string;
  /** Hexadecimal digits */
  readonly serial?: string;
  /** What Windows shows as friendly name; keychains have none */
  readonly friendlyName?: string;
  /** Of the template that a CA of Microsoft's made it by: `1.3.6.1.4.1.311.21.8.…` */
  readonly templateOid?: string;
  /** Key usages, and extended ones by name or OID, with commas between: `digitalSignature,clientAuth` */
  readonly keyUsage?: string;
}

/** Selects a certificate of a store of the operating system. */
export type SystemStoreSource = KeySource & { readonly kind: 'windows-store' | 'keychain' };

/** A key store, which does not give the key out. Each kind has a row in backends/sources.ts and backends/registry.ts. */
export type KeyStoreSource = Exclude<KeySource, ByteSource>;

/**
 * Where a password or PIN comes from. A `value` was given as it is, by flag, environment or library call.
 *
 * @example
 * ```ts
 * import type { SecretSource } from 'roles-anywhere';
 *
 * export const password: SecretSource = { kind: 'file', path: '/run/secrets/leaf', option: 'the password' };
 * ```
 */
export type SecretSource = { readonly option: string } & (
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'credential'; readonly name: string }
);

/**
 * What openIdentity opens.
 *
 * @example
 * ```ts
 * import type { IdentitySource } from 'roles-anywhere';
 *
 * export const combined: IdentitySource = {
 *   certificate: { kind: 'file', path: '/etc/pki/leaf.p12', option: 'the PKCS#12 file' },
 *   keyPassword: { kind: 'file', path: '/run/secrets/leaf', option: 'its password' },
 * };
 * ```
 */
export interface IdentitySource {
  readonly certificate: KeySource;
  /** The same source as the certificate when not given (a combined PEM, a PKCS#12). */
  readonly privateKey?: KeySource;
  readonly intermediates?: ByteSource;
  /** Opens an encrypted key file or PKCS#12. */
  readonly keyPassword?: SecretSource;
  /** For `pkcs11:` URIs. */
  readonly pkcs11?: Pkcs11Settings;
  /** For persistent handles, and for key files that turn out to hold a key of a TPM. */
  readonly tpm?: TpmSettings;
  /** For X.509-SVIDs. */
  readonly spiffe?: SpiffeSettings;
  /** For certificates of Windows stores and keychains. */
  readonly systemStore?: SystemStoreSettings;
}

/** What is said of backends beside the source of the key; each group has a row in backends/settings.ts. */
export type BackendSettings = Omit<IdentitySource, 'certificate' | 'privateKey' | 'intermediates' | 'keyPassword'>;

/** A private key to sign with; at least one of certificate and privateKey. */
export interface SignerSource {
  /** The key must belong to it; it is not judged further. */
  readonly certificate?: KeySource;
  /** The same source as the certificate when not given. */
  readonly privateKey?: KeySource;
  readonly keyPassword?: SecretSource;
  readonly pkcs11?: Pkcs11Settings;
  readonly tpm?: TpmSettings;
  readonly spiffe?: SpiffeSettings;
  readonly systemStore?: SystemStoreSettings;
}

/** What is said of certificates in stores of the operating system. */
export interface SystemStoreSettings {
  /** The system may ask by a window, for a PIN or for leave, also where nobody can be asked at a terminal. */
  readonly allowUi?: boolean;
  /** Of several certificates that match, takes the one that expires last. */
  readonly useLatestExpiring?: boolean;
}

/** Which of several X.509-SVIDs is meant. */
export interface SpiffeSettings {
  /** `spiffe://example.org/workload` */
  readonly id?: NamedText;
  /** What whoever runs the server calls it. */
  readonly hint?: NamedText;
}

/** A text and who gave it: messages name `option`. */
export interface NamedText {
  readonly option: string;
  readonly text: string;
}

/** What PKCS#11 URIs leave open. */
export interface Pkcs11Settings {
  /** Path of the module; goes before the one that a URI names. */
  readonly module?: NamedText;
  /** The same, after the one that a URI names; p11-kit's proxy when not given. */
  readonly defaultModule?: NamedText;
  /** Goes after the PIN of a URI, and before the question at the terminal. */
  readonly pin?: SecretSource;
  /** Sends the PIN of the token also before each signature, where the key wants one. */
  readonly reusePin?: boolean;
  /** Of several certificates of the key, takes the one that expires last. */
  readonly useLatestExpiring?: boolean;
}

/** Where the TPM is, and its passwords. */
export interface TpmSettings {
  /** A path, or what TPM2TOOLS_TCTI takes: `device:/dev/tpmrm0`, `swtpm:host=localhost,port=2321`. */
  readonly device?: NamedText;
  readonly keyPassword?: SecretSource;
  /** The key has no password: nobody is asked for one. */
  readonly noKeyPassword?: boolean;
  /** Of a parent at a persistent handle. */
  readonly parentPassword?: SecretSource;
  /** Of the hierarchy that a key file names as parent. */
  readonly hierarchyPassword?: SecretSource;
}

/**
 * What a backend needs of the world around it. A library never logs, prompts or reads the clock by itself.
 *
 * @example
 * ```ts
 * import type { IdentityContext } from 'roles-anywhere';
 *
 * export const context: IdentityContext = { now: () => new Date(), warn: console.warn, environment: process.env };
 * ```
 */
export interface IdentityContext {
  readonly now: () => Date;
  /** Told in the words of an error message: lower case, no full stop. */
  readonly warn: (message: string) => void;
  /** Asks the person at the terminal; undefined where there is none. Resolves to undefined when they give up. */
  readonly askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
  /** Told what only matters to somebody who looks for a fault, as the end of a sentence. */
  readonly debug?: ((message: string) => void) | undefined;
  /**
   * Runs work that leaves something behind in hardware where it is cut off: its signal aborts when the process is told
   * to end, which then waits for the work to tidy up. Undefined: the work is run as it is.
   */
  readonly stoppable?: (<T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>) | undefined;
  /**
   * Called before code of others that may print is loaded into this process, as a PKCS#11 module is: its words must not
   * get among what this process writes to stdout. Undefined: it is loaded as it is.
   */
  readonly isolateOutput?: (() => Promise<void>) | undefined;
  /**
   * Called when what was opened has a successor where it came from, as an X.509-SVID has: it is opened again then.
   * Undefined: nobody asks, and nothing is held open for that.
   */
  readonly onOutdated?: (() => void) | undefined;
  /**
   * Whether this process ends with the one answer that a key is opened for, and has nothing else to do while a C function
   * does not return (`short`), or lives on: what may take long is then called by other threads. Undefined: it lives on.
   */
  readonly life?: 'short' | 'long' | undefined;
  /** What `env` sources are looked up in; undefined where there is no environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Ends the wait for a pipe, or whatever else does not come to an end by itself. */
  readonly signal?: AbortSignal | undefined;
}

/** What reading may need besides: what variables hold, and who may end the wait for a pipe. */
export type ReadContext = Pick<IdentityContext, 'environment' | 'signal'>;
