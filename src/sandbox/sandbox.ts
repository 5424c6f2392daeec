import type { CertificateAuthority } from './authority.ts';
import type { Fault } from './faults.ts';
import type { CrlOptions } from './import-crl.ts';
import type { KeyType } from './key-types.ts';
import type { ProfileOptions, RoleOptions } from './registry.ts';
import type { RequestRecord } from './request-log.ts';

/** How a sandbox is set up; every part has a default. */
export interface SandboxOptions {
  /** `us-east-1` when not given; decides the partition of the ARNs too. */
  readonly region?: string | undefined;
  /** Twelve digits, `111122223333` when not given. */
  readonly accountId?: string | undefined;
  /** A loopback name or address: `127.0.0.1` (when not given), `localhost` or `::1`. */
  readonly host?: string | undefined;
  /** Any free port when not given. */
  readonly port?: number | undefined;
  /** PEM of a server certificate and its key: the sandbox then answers https only. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /**
   * PEM of your own CA: one or two certificates in all, roots or intermediates. They are the trust anchor in place of
   * the sandbox's own CA, whose leaf (`certificatePath`) is then refused as one of a stranger.
   */
  readonly anchors?: readonly string[] | undefined;
  /** PEM of CRLs to import for the trust anchor, each by itself; two at the most, as in the service. */
  readonly crls?: readonly string[] | undefined;
  /** Files of a leaf of your own, for `environment` and `configSection`. */
  readonly identity?: { readonly certificatePath: string; readonly privateKeyPath: string } | undefined;
  /** Key of the leaf the sandbox makes, P-256 when not given. */
  readonly keyType?: KeyType | undefined;
  /** Names, ARNs or full descriptions; the first is `roleArn`. One role named `sandbox` when not given. */
  readonly roles?: readonly (string | RoleOptions)[] | undefined;
  /** Its roles are all roles above that are in the sandbox's account, when not given. */
  readonly profile?: Omit<ProfileOptions, 'name'> | undefined;
  /** CreateSession calls a second before ThrottlingException; no limit when not given. The service's default is 10. */
  readonly throttle?: number | undefined;
  /**
   * Seconds after which any session ends, however long it was asked for: the services' shortest is 900, which no test of
   * a renewal can wait for. Not shortened when not given.
   */
  readonly sessionLifetime?: number | undefined;
  /** The time, for tests with a clock of their own; the system's when not given. */
  readonly now?: (() => Date) | undefined;
  /** Seconds the sandbox is ahead of `now`. */
  readonly clockOffset?: number | undefined;
  /** Where certificate and key are written, made with mode 0700 if need be; a temporary folder when not given. */
  readonly directory?: string | undefined;
  /** Told of every request as it was answered. */
  readonly log?: ((record: RequestRecord) => void) | undefined;
}

/** A running sandbox. */
export interface Sandbox {
  /** `http://127.0.0.1:49152`: Roles Anywhere. */
  readonly endpoint: string;
  /** The same server: STS. */
  readonly stsEndpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  /** PEM of the leaf and of its key; the same in two files with mode 0600, which `close` removes. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly certificatePath: string;
  readonly privateKeyPath: string;
  /** The sandbox's own CA, to issue more leaves, good and bad. */
  readonly ca: CertificateAuthority;
  /** Variables for a client: endpoints, region and the `ROLES_ANYWHERE_*` options. */
  readonly environment: Readonly<Record<string, string>>;
  /** The last thousand requests, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Those of them that were not accepted. */
  readonly refusals: readonly RequestRecord[];
  /** A section of `~/.aws/config`, ready to use. */
  configSection(profileName?: string): string;
  /** @returns its ARN, in no profile yet */
  addRole(role: string | RoleOptions): string;
  /** @returns its ARN */
  addProfile(profile: ProfileOptions): string;
  /** @returns its ARN */
  addTrustAnchor(anchor: { readonly name: string; readonly certificates: readonly string[] }): string;
  /**
   * Imports a CRL, or another one under a name that is there.
   * @returns its ARN
   */
  importCrl(crl: CrlOptions): Promise<string>;
  /** Switches a trust anchor, profile or CRL off. */
  disable(arn: string): void;
  /** Switches it on again. */
  enable(arn: string): void;
  /** @param certificate PEM of the certificate, or its serial number, in decimal or as a bigint */
  revoke(certificate: string | bigint): void;
  /** The next requests fail as told; faults wait in line. */
  failNext(fault: Fault): void;
  /** Seconds the sandbox is ahead of its clock, negative for behind. */
  setClockOffset(seconds: number): void;
  /** Stops the server, drops its connections and removes the files it made. */
  close(): Promise<void>;
}
