import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Credentials } from '../../credentials.ts';
import type { SigningIdentity } from '../../identity/identity.ts';
import type { RoleHop, StsClientConfig } from '../../role-chain/role-hop.ts';

/**
 * The value, or a function that gives it and is called again at each renewal.
 *
 * @example
 * ```ts
 * import type { KeyMaterial, Supplied } from 'roles-anywhere';
 *
 * export const fromVault: Supplied<KeyMaterial> = async () => {
 *   const answer = await fetch('http://127.0.0.1:8200/v1/secret/leaf-key');
 *   return answer.text();
 * };
 * ```
 */
export type Supplied<T> = T | (() => T | Promise<T>);

/**
 * A certificate, or several: a path, `env:NAME` or a `pkcs11:` URI, PEM text, the bytes of a PEM, DER or PKCS#12 file,
 * or an X509Certificate of node:crypto.
 *
 * @example
 * ```ts
 * import type { CertificateMaterial } from 'roles-anywhere';
 *
 * export const certificate: CertificateMaterial = '/etc/pki/leaf.pem';
 * ```
 */
export type CertificateMaterial = string | Uint8Array | X509Certificate;

/**
 * A private key: a path, `env:NAME`, a `pkcs11:` URI or `handle:0x81…` of a TPM, PEM text, the bytes of a PEM, DER or
 * PKCS#12 file, or a KeyObject of node:crypto, which is used as it is and never exported.
 *
 * @example
 * ```ts
 * import type { KeyMaterial } from 'roles-anywhere';
 *
 * export const privateKey: KeyMaterial = 'pkcs11:token=hsm;object=leaf';
 * ```
 */
export type KeyMaterial = string | Uint8Array | KeyObject;

/**
 * Who reads warnings and what goes on: the shape of the SDK's own loggers. Nothing that is told is secret.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere } from 'roles-anywhere';
 *
 * export const credentials = fromRolesAnywhere({ profile: 'on-prem', logger: console });
 * ```
 */
export interface ProviderLogger {
  debug(...content: unknown[]): void;
  info(...content: unknown[]): void;
  warn(...content: unknown[]): void;
  error(...content: unknown[]): void;
}

/**
 * One way to credentials. Its options are those of the command, in camel case, and mean the same; what is not given
 * is taken from the environment (`ROLES_ANYWHERE_TRUST_ANCHOR_ARN`, …), then from the profile that `profile` names.
 * docs/options.md tells of each of them.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, type RolesAnywhereTarget } from 'roles-anywhere';
 *
 * const pair = { certificate: '/etc/pki/leaf.pem', privateKey: '/etc/pki/leaf.key' };
 * const arn = (region: string, resource: string) => `arn:aws:rolesanywhere:${region}:111122223333:${resource}`;
 * const inIreland: RolesAnywhereTarget = {
 *   ...pair,
 *   trustAnchorArn: arn('eu-west-1', 'trust-anchor/11111111-2222-3333-4444-555555555555'),
 *   profileArn: arn('eu-west-1', 'profile/66666666-7777-8888-9999-000000000000'),
 *   roleArn: 'arn:aws:iam::111122223333:role/OnPrem',
 * };
 * export const credentials = fromRolesAnywhere({ ...inIreland, fallback: [{ ...pair, profile: 'in-frankfurt' }] });
 * ```
 */
export interface RolesAnywhereTarget {
  readonly trustAnchorArn?: string | undefined;
  readonly profileArn?: string | undefined;
  readonly roleArn?: string | undefined;
  /** Seconds, 900 to 43200; 3600 when nobody says otherwise. The command's `--session-duration`. */
  readonly durationSeconds?: number | undefined;
  readonly roleSessionName?: string | undefined;
  /** Of endpoint and signature, in place of the trust anchor's. */
  readonly region?: string | undefined;

  readonly certificate?: Supplied<CertificateMaterial> | undefined;
  /** That of the certificate's file when not given. */
  readonly privateKey?: Supplied<KeyMaterial> | undefined;
  readonly intermediates?: Supplied<CertificateMaterial> | undefined;
  /** Certificate, chain and key in one, opened and closed by you. In place of `certificate` and all that belongs to it. */
  readonly identity?: SigningIdentity | undefined;

  /** Opens an encrypted key file or PKCS#12. */
  readonly pkcs8Password?: Supplied<string> | undefined;
  readonly pkcs8PasswordFile?: string | undefined;
  readonly pkcs11Lib?: string | undefined;
  readonly pkcs11Pin?: Supplied<string> | undefined;
  readonly pkcs11PinFile?: string | undefined;
  readonly reusePin?: boolean | undefined;
  readonly useLatestExpiringCertificate?: boolean | undefined;
  readonly tpmDevice?: string | undefined;
  readonly tpmKeyPassword?: Supplied<string> | undefined;
  readonly tpmKeyPasswordFile?: string | undefined;
  readonly noTpmKeyPassword?: boolean | undefined;
  readonly tpmParentPassword?: Supplied<string> | undefined;
  readonly tpmParentPasswordFile?: string | undefined;
  readonly tpmHierarchyPassword?: Supplied<string> | undefined;
  readonly tpmHierarchyPasswordFile?: string | undefined;

  readonly endpoint?: string | undefined;
  readonly useFipsEndpoint?: boolean | undefined;
  readonly useDualstackEndpoint?: boolean | undefined;
  /** Path of a PEM file. */
  readonly caBundle?: string | undefined;
  readonly noVerifySsl?: boolean | undefined;
  /** False goes straight, whatever HTTPS_PROXY says; otherwise that is obeyed, but for NO_PROXY and this machine. */
  readonly withProxy?: boolean | undefined;
  readonly maxAttempts?: number | undefined;
  /** Seconds. */
  readonly connectTimeout?: number | undefined;
  /** Seconds. */
  readonly requestTimeout?: number | undefined;

  /** Roles to assume one after the other, each with the credentials of the one before. */
  readonly roleChain?: readonly RoleHop[] | undefined;
  readonly stsEndpoint?: string | undefined;
  /** Of the STS client that assumes roles: its settings come before ours. */
  readonly clientConfig?: StsClientConfig | undefined;

  /** A profile of `~/.aws/config`, or several with commas between them; the command's `--from-profile`. */
  readonly profile?: string | undefined;
  /** The files that hold it, in place of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE; named as in `fromIni`. */
  readonly configFilepath?: string | undefined;
  readonly filepath?: string | undefined;
}

/**
 * What `fromRolesAnywhere` takes.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, type FromRolesAnywhereInit } from 'roles-anywhere';
 *
 * const init: FromRolesAnywhereInit = { profile: 'on-prem', durationSeconds: 900, logger: console };
 * export const credentials = fromRolesAnywhere(init);
 * ```
 */
export interface FromRolesAnywhereInit extends RolesAnywhereTarget {
  /** Where to go when there are no credentials to be had here: each a whole way of its own, in order. */
  readonly fallback?: readonly RolesAnywhereTarget[] | undefined;
  /** Goes on to the next also when the service refuses; else only when it cannot be reached, throttles or fails. */
  readonly failoverOnRefusal?: boolean | undefined;
  /** Asks for a password or PIN that nothing gives; resolves to undefined to give up. Nobody is asked without it. */
  readonly askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
  readonly logger?: ProviderLogger | undefined;
  /** The configuration of a client that this provider is made for, as the SDK hands it on. */
  readonly parentClientConfig?: CallerConfig | undefined;
}

/**
 * What is taken of an SDK client's configuration: its logger, where the init has none.
 *
 * Region and request handler are not: one provider may serve many clients, and must not depend on which calls first.
 * Roles are assumed in the region of the trust anchor, over the same network settings as CreateSession, unless
 * `clientConfig` says otherwise.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, type CallerConfig } from 'roles-anywhere';
 *
 * export const credentialDefaultProvider = (parentClientConfig: CallerConfig) =>
 *   fromRolesAnywhere({ profile: 'on-prem', parentClientConfig });
 * ```
 */
export interface CallerConfig {
  readonly logger?: ProviderLogger | undefined;
}

/**
 * What an SDK client may say to the provider that it calls.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere } from 'roles-anywhere';
 *
 * const credentials = fromRolesAnywhere({ profile: 'on-prem' });
 * const { expiration } = await credentials({ abortSignal: AbortSignal.timeout(5000) });
 * console.log(expiration);
 * ```
 */
export interface IdentityProperties {
  /** Asks for credentials newer than those held. */
  readonly forceRefresh?: boolean | undefined;
  /** Gives up this call's wait; others that wait for the same credentials get them all the same. */
  readonly abortSignal?: AbortSignal | undefined;
  /** Of the client that calls. That of the first call counts. */
  readonly callerClientConfig?: CallerConfig | undefined;
}

/**
 * An `AwsCredentialIdentityProvider` of the SDK, which keeps what it got until shortly before it expires.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere } from 'roles-anywhere';
 *
 * const credentials = fromRolesAnywhere({ profile: 'on-prem' });
 * const { accessKeyId, accountId, expiration } = await credentials();
 * console.log(accessKeyId, accountId, expiration);
 * await credentials.close();
 * ```
 */
export interface RolesAnywhereProvider {
  /**
   * Credentials that have not expired.
   * @throws RolesAnywhereError; the reason of `abortSignal`
   */
  (properties?: IdentityProperties): Promise<Credentials>;
  /**
   * Gives back what is held open (token sessions, TPM handles, watched files) and forgets the credentials. A call
   * afterwards begins anew. A process may also just end.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
