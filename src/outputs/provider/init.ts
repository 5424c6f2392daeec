import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Credentials } from '../../core/credentials.ts';
import type { CertificateSelection, SigningIdentity } from '../../identity/identity.ts';
import type { RoleHop, StsClientConfig } from '../../aws/assume-role/role-hop.ts';

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
 * A certificate of a Windows store or of a keychain of macOS, with its key: the one that has all that is given. On other
 * systems it is an error.
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, type CertificateInStore } from 'roles-anywhere';
 *
 * const certificate: CertificateInStore = { store: { subject: 'CN=leaf', issuer: 'CN=Issuing CA,O=Example' } };
 * export const credentials = fromRolesAnywhere({ profile: 'on-prem', certificate });
 * ```
 */
export interface CertificateInStore {
  readonly store: CertificateSelection & {
    /** Of Windows: `MY`, the user's personal one, by default; `LocalMachine\\MY` for the machine's. */
    readonly name?: string;
    /** Of macOS: a path, `login` or `System`; all that the user looks in by default. */
    readonly keychain?: string;
  };
}

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
 * is taken from the environment (`ROLES_ANYWHERE_TRUST_ANCHOR_ARN`, …), then from the profile: `trustAnchorArn` from
 * `roles_anywhere_trust_anchor_arn`. docs/options.md tells of each of them.
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
  /**
   * ARN of the trust anchor that the certificate chains to. Required, from one source or another; region and account of
   * it decide where the session is asked for. The command's `--trust-anchor-arn`; also from
   * `ROLES_ANYWHERE_TRUST_ANCHOR_ARN`.
   */
  readonly trustAnchorArn?: string | undefined;
  /**
   * ARN of the Roles Anywhere profile that lists the role. Required; in region and account of the trust anchor. The
   * command's `--profile-arn`; also from `ROLES_ANYWHERE_PROFILE_ARN`.
   */
  readonly profileArn?: string | undefined;
  /**
   * ARN of the role to get credentials for. Required; in the account of the trust anchor. The command's `--role-arn`;
   * also from `ROLES_ANYWHERE_ROLE_ARN`.
   */
  readonly roleArn?: string | undefined;
  /**
   * How long the session lasts: whole seconds, 900 to 43200; 3600 by default. The Roles Anywhere profile may shorten it
   * (API reference, CreateSession). The command's `--session-duration`; also from `ROLES_ANYWHERE_SESSION_DURATION`.
   */
  readonly durationSeconds?: number | undefined;
  /**
   * Name of the session in CloudTrail, 2 to 64 characters; the certificate's serial number by default. The Roles
   * Anywhere profile must accept one. The command's `--role-session-name`; also from
   * `ROLES_ANYWHERE_ROLE_SESSION_NAME`.
   */
  readonly roleSessionName?: string | undefined;
  /**
   * Region of endpoint and signature; the trust anchor's by default. The command's `--region`; also from
   * `ROLES_ANYWHERE_REGION`.
   */
  readonly region?: string | undefined;

  /**
   * The leaf certificate: a path, `env:NAME`, a `pkcs11:` URI, `spiffe:`, `cert:` or `keychain:`, PEM text, bytes, an
   * X509Certificate, a `{ store }` of the operating system, or a function that gives one of these. Required, unless
   * `identity` is given. The command's `--certificate`; also from `ROLES_ANYWHERE_CERTIFICATE`.
   */
  readonly certificate?: Supplied<CertificateMaterial | CertificateInStore> | undefined;
  /**
   * Its private key: what `certificate` takes, `handle:0x81…` of a TPM, `ssh-agent:`, a KeyObject; by default it is
   * looked for where the certificate is. The command's `--private-key`; also from `ROLES_ANYWHERE_PRIVATE_KEY`.
   */
  readonly privateKey?: Supplied<KeyMaterial> | undefined;
  /**
   * Certificates between the leaf and the trust anchor, at most 5; by default those beside the certificate, as far as
   * there are any. The command's `--intermediates`; also from `ROLES_ANYWHERE_INTERMEDIATES`.
   */
  readonly intermediates?: Supplied<CertificateMaterial> | undefined;
  /**
   * Certificate, chain and key in one, opened and closed by you: for keys in places that this package does not know. In
   * place of `certificate` and all that belongs to it; given by the init alone.
   */
  readonly identity?: SigningIdentity | undefined;

  /**
   * Opens an encrypted key file or PKCS#12: the password, or a function that gives it. Without one `askSecret` is
   * asked. The command's `--pkcs8-password`; also from `ROLES_ANYWHERE_PKCS8_PASSWORD`.
   */
  readonly pkcs8Password?: Supplied<string> | undefined;
  /**
   * Path of a file with that password; a line break at its end does not count. The command's `--pkcs8-password-file`;
   * also from `ROLES_ANYWHERE_PKCS8_PASSWORD_FILE`.
   */
  readonly pkcs8PasswordFile?: string | undefined;
  /**
   * Path of the PKCS#11 module; that of the URI or p11-kit's proxy by default. The command's `--pkcs11-lib`; also from
   * `ROLES_ANYWHERE_PKCS11_LIB` or `PKCS11_MODULE_PATH`.
   */
  readonly pkcs11Lib?: string | undefined;
  /**
   * PIN of the token, where its URI has none: the PIN, or a function that gives it. Without one `askSecret` is asked.
   * The command's `--pkcs11-pin`; also from `ROLES_ANYWHERE_PKCS11_PIN`.
   */
  readonly pkcs11Pin?: Supplied<string> | undefined;
  /**
   * Path of a file with that PIN; a line break at its end does not count. The command's `--pkcs11-pin-file`; also from
   * `ROLES_ANYWHERE_PKCS11_PIN_FILE`.
   */
  readonly pkcs11PinFile?: string | undefined;
  /**
   * SPIFFE ID of the X.509-SVID to use, where `spiffe:` gives several. Without one, it must give exactly one SVID. The
   * command's `--spiffe-id`; also from `ROLES_ANYWHERE_SPIFFE_ID`.
   */
  readonly spiffeId?: string | undefined;
  /**
   * Hint of the X.509-SVID to use, where `spiffe:` gives several. Without one, it must give exactly one SVID. The
   * command's `--spiffe-hint`; also from `ROLES_ANYWHERE_SPIFFE_HINT`.
   */
  readonly spiffeHint?: string | undefined;
  /**
   * Sends the PIN of the token also before each signature, for keys that ask for it (CKA_ALWAYS_AUTHENTICATE); false by
   * default. The command's `--reuse-pin`; also from `ROLES_ANYWHERE_REUSE_PIN`.
   */
  readonly reusePin?: boolean | undefined;
  /**
   * Of several certificates that match on a token or in a store of the operating system, takes the one that expires
   * last; false by default, which is an error where several match. The command's `--use-latest-expiring-certificate`;
   * also from `ROLES_ANYWHERE_USE_LATEST_EXPIRING_CERTIFICATE`.
   */
  readonly useLatestExpiringCertificate?: boolean | undefined;
  /**
   * Windows or macOS may ask by a window, for a PIN or for leave to use a key; false by default, when they may where
   * there is `askSecret`. The command's `--allow-ui`; also from `ROLES_ANYWHERE_ALLOW_UI`.
   */
  readonly allowUi?: boolean | undefined;
  /**
   * Where the TPM is: a path, or what TPM2TOOLS_TCTI takes; `/dev/tpmrm0`, then `/dev/tpm0`, by default. The command's
   * `--tpm-device`; also from `ROLES_ANYWHERE_TPM_DEVICE`, `TPM_DEVICE` or `TPM2TOOLS_TCTI`.
   */
  readonly tpmDevice?: string | undefined;
  /**
   * Password of a key in the TPM, or a function that gives it. Without one `askSecret` is asked. The command's
   * `--tpm-key-password`; also from `ROLES_ANYWHERE_TPM_KEY_PASSWORD`.
   */
  readonly tpmKeyPassword?: Supplied<string> | undefined;
  /**
   * Path of a file with that password; a line break at its end does not count. The command's `--tpm-key-password-file`;
   * also from `ROLES_ANYWHERE_TPM_KEY_PASSWORD_FILE`.
   */
  readonly tpmKeyPasswordFile?: string | undefined;
  /**
   * The TPM key has an empty password: nobody is asked for one; false by default. The command's
   * `--no-tpm-key-password`; also from `ROLES_ANYWHERE_NO_TPM_KEY_PASSWORD`.
   */
  readonly noTpmKeyPassword?: boolean | undefined;
  /**
   * Password of the persistent key that a TPM key hangs from, or a function that gives it; empty by default. The
   * command's `--tpm-parent-password`; also from `ROLES_ANYWHERE_TPM_PARENT_PASSWORD`.
   */
  readonly tpmParentPassword?: Supplied<string> | undefined;
  /**
   * Path of a file with that password; a line break at its end does not count. The command's
   * `--tpm-parent-password-file`; also from `ROLES_ANYWHERE_TPM_PARENT_PASSWORD_FILE`.
   */
  readonly tpmParentPasswordFile?: string | undefined;
  /**
   * Password of the TPM hierarchy that a key file names as parent, or a function that gives it; empty by default. The
   * command's `--tpm-hierarchy-password`; also from `ROLES_ANYWHERE_TPM_HIERARCHY_PASSWORD`.
   */
  readonly tpmHierarchyPassword?: Supplied<string> | undefined;
  /**
   * Path of a file with that password; a line break at its end does not count. The command's
   * `--tpm-hierarchy-password-file`; also from `ROLES_ANYWHERE_TPM_HIERARCHY_PASSWORD_FILE`.
   */
  readonly tpmHierarchyPasswordFile?: string | undefined;

  /**
   * URL of the Roles Anywhere endpoint, http on loopback only; that of the region by default. The command's
   * `--endpoint`; also from `ROLES_ANYWHERE_ENDPOINT`, `AWS_ENDPOINT_URL_ROLESANYWHERE` or `AWS_ENDPOINT_URL`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Calls the FIPS endpoint of the region; false by default. The command's `--use-fips-endpoint`; also from
   * `ROLES_ANYWHERE_USE_FIPS_ENDPOINT` or `AWS_USE_FIPS_ENDPOINT`.
   */
  readonly useFipsEndpoint?: boolean | undefined;
  /**
   * Calls the endpoint that has IPv6 addresses too; false by default. The command's `--use-dualstack-endpoint`; also
   * from `ROLES_ANYWHERE_USE_DUALSTACK_ENDPOINT` or `AWS_USE_DUALSTACK_ENDPOINT`.
   */
  readonly useDualstackEndpoint?: boolean | undefined;
  /**
   * Path of a PEM file whose certificates alone are trusted for TLS; by default those of the runtime, SSL_CERT_FILE,
   * SSL_CERT_DIR and the system. The command's `--ca-bundle`; also from `ROLES_ANYWHERE_CA_BUNDLE` or `AWS_CA_BUNDLE`.
   */
  readonly caBundle?: string | undefined;
  /**
   * Does not check the certificate of the endpoint, which anybody on the way may then be; false by default. The
   * command's `--no-verify-ssl`; also from `ROLES_ANYWHERE_NO_VERIFY_SSL`.
   */
  readonly noVerifySsl?: boolean | undefined;
  /**
   * Obeys HTTPS_PROXY and NO_PROXY: true by default. False goes straight, whatever they say. The command's
   * `--with-proxy`; also from `ROLES_ANYWHERE_WITH_PROXY`.
   */
  readonly withProxy?: boolean | undefined;
  /**
   * Attempts in all when throttled, on 5xx and on failures of the network: 1 to 100; 3 by default. The command's
   * `--max-attempts`; also from `ROLES_ANYWHERE_MAX_ATTEMPTS` or `AWS_MAX_ATTEMPTS`.
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Until TCP and TLS stand, for one attempt: whole seconds, 1 to 3600; 10 by default. The command's
   * `--connect-timeout`; also from `ROLES_ANYWHERE_CONNECT_TIMEOUT`.
   */
  readonly connectTimeout?: number | undefined;
  /**
   * From connecting to the end of the answer, for one attempt: whole seconds, 1 to 3600; 60 by default. The command's
   * `--request-timeout`; also from `ROLES_ANYWHERE_REQUEST_TIMEOUT`.
   */
  readonly requestTimeout?: number | undefined;

  /**
   * Roles to assume one after the other, each with the credentials of the one before; none by default. `[]` takes no
   * notice of those of the environment. The command's `--assume-role`; also from `ROLES_ANYWHERE_ASSUME_ROLE`.
   */
  readonly roleChain?: readonly RoleHop[] | undefined;
  /**
   * URL of the STS endpoint for these roles, http on loopback only; that of the region by default. The command's
   * `--sts-endpoint`; also from `ROLES_ANYWHERE_STS_ENDPOINT`, `AWS_ENDPOINT_URL_STS` or `AWS_ENDPOINT_URL`.
   */
  readonly stsEndpoint?: string | undefined;
  /**
   * Settings of the SDK's STS client that assumes them: they come before ours, but for `region` of a hop and
   * `credentials`, which are those of the hop before. Given by the init alone.
   */
  readonly clientConfig?: StsClientConfig | undefined;

  /**
   * Name of a profile of `~/.aws/config`, or several with commas between them, the next to be tried where one does not
   * serve. Where neither this nor an ARN is given, the profile of the client, AWS_PROFILE or `default` is looked at, as
   * `fromIni` does. The command's `--from-profile`; given by the init alone.
   */
  readonly profile?: string | undefined;
  /**
   * Path of the configuration file that holds profiles, named as in `fromIni`; that of AWS_CONFIG_FILE or
   * `~/.aws/config` by default.
   */
  readonly configFilepath?: string | undefined;
  /**
   * Path of the credentials file, named as in `fromIni`; that of AWS_SHARED_CREDENTIALS_FILE or `~/.aws/credentials` by
   * default.
   */
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
  /**
   * Where to go when there are no credentials to be had here, in order; nowhere by default. Each is a whole way of its
   * own, with ARNs or `profile`. Given by the init alone.
   */
  readonly fallback?: readonly RolesAnywhereTarget[] | undefined;
  /**
   * Goes on to the next way also when the service refuses; false by default: only when it cannot be reached, throttles
   * or fails. The command's `--failover-on-refusal`; also from `ROLES_ANYWHERE_FAILOVER_ON_REFUSAL`.
   */
  readonly failoverOnRefusal?: boolean | undefined;
  /**
   * Names the application in the user agent of CreateSession and AssumeRole, up to 50 characters, as the setting of the
   * same name does in the SDK's clients; that of the client by default. Also from `ROLES_ANYWHERE_USER_AGENT_APP_ID` or
   * `AWS_SDK_UA_APP_ID`, and from `sdk_ua_app_id` of the profile.
   */
  readonly userAgentAppId?: string | undefined;
  /** Asks for a password or PIN that nothing gives; resolves to undefined to give up. By default nobody is asked. */
  readonly askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
  /** Gets warnings and what goes on, never a secret; by default the logger of the client, where that has one. */
  readonly logger?: ProviderLogger | undefined;
  /** The configuration of a client that this provider is made for, as the SDK hands it on; by default the caller's. */
  readonly parentClientConfig?: CallerConfig | undefined;
}

/**
 * What is taken of an SDK client's configuration: logger and app id where the init has none, and its profile where the
 * init has neither a profile nor ARNs. Clients of several profiles get credentials of their own then.
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
  readonly logger?: ProviderLogger;
  readonly profile?: string;
  /** As the SDK resolves it, from the client's settings, AWS_SDK_UA_APP_ID or `sdk_ua_app_id` of its profile. */
  readonly userAgentAppId?: () => Promise<string | undefined>;
  /** The rest is not looked at. */
  readonly [setting: string]: unknown;
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
  /** Of the client that calls. Of logger and app id those of the first call count. */
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
