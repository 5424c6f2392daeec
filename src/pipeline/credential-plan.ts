import type { IdentityContext, IdentitySource, ReloadingIdentity, SigningIdentity } from '../identity/identity.ts';
import type { Certificate } from '../identity/x509/certificate.ts';
import type { NamedHop, StsOptions } from '../aws/assume-role/role-hop.ts';
import type { SessionContext } from '../aws/create-session/create-session.ts';
import type { EndpointOptions, NetworkOptions, SessionRequest } from '../aws/create-session/session-request.ts';

/**
 * What was asked for, all of it checked: what options give, and everything else takes.
 *
 * @example
 * ```ts
 * import type { CredentialRequest } from 'roles-anywhere';
 *
 * export const request: CredentialRequest = {
 *   identity: {
 *     certificate: { kind: 'file', path: '/etc/pki/leaf.pem', option: 'the certificate' },
 *     privateKey: { kind: 'file', path: '/etc/pki/leaf.key', option: 'the key' },
 *   },
 *   session: {
 *     trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555',
 *     profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000',
 *     roleArn: 'arn:aws:iam::111122223333:role/OnPrem',
 *     region: 'eu-west-1',
 *   },
 *   endpoint: { partition: 'aws', region: 'eu-west-1', fips: false, dualStack: false },
 *   network: { verify: true, maxAttempts: 3, connectTimeout: 10_000, requestTimeout: 60_000 },
 * };
 * ```
 */
export interface CredentialRequest {
  /** Sources to open; an identity of the caller's own, which the caller closes; or one that is opened again by itself. */
  readonly identity: IdentitySource | SigningIdentity | ReloadingIdentity;
  readonly session: SessionRequest;
  readonly endpoint: EndpointOptions;
  readonly network: NetworkOptions;
  /** Roles to assume one after the other, with the credentials that CreateSession gave. */
  readonly roleChain?: readonly NamedHop[];
  readonly sts?: StsOptions;
}

/** A way to the credentials and its name: that of a profile, or the ARN of a trust anchor. */
export interface CredentialTarget {
  readonly name: string;
  readonly request: CredentialRequest;
}

/** All the ways there are, in the order in which to try them. */
export interface CredentialPlan {
  readonly targets: readonly [CredentialTarget, ...CredentialTarget[]];
  /** Tries the next target also when the service refuses; else only when it cannot be reached or asks to be left alone. */
  readonly failoverOnRefusal: boolean;
}

/**
 * The world around: clock, chance, the person at the terminal, somebody who reads warnings and traces.
 *
 * @example
 * ```ts
 * import type { PipelineContext } from 'roles-anywhere';
 *
 * export const context: PipelineContext = {
 *   now: () => new Date(),
 *   random: Math.random,
 *   sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
 *   warn: console.warn,
 *   userAgent: 'example/1.0',
 * };
 * ```
 */
export type PipelineContext = IdentityContext &
  SessionContext & {
    /**
     * Told of the certificate with which a session was made, in place of a warning where it expires soon. Undefined: that
     * is warned of.
     */
    readonly onCertificate?:
      | ((certificate: Pick<Certificate, 'serialNumber' | 'notBefore' | 'notAfter'>) => void)
      | undefined;
  };
