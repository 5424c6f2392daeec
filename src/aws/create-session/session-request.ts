/**
 * What CreateSession is asked for (API reference, CreateSession, request body).
 *
 * @example
 * ```ts
 * import type { SessionRequest } from 'roles-anywhere';
 *
 * export const session: SessionRequest = {
 *   trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555',
 *   profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000',
 *   roleArn: 'arn:aws:iam::111122223333:role/OnPrem',
 *   region: 'eu-west-1',
 *   durationSeconds: 900,
 * };
 * ```
 */
export interface SessionRequest {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  /** Region of the signing scope. */
  readonly region: string;
  /** Seconds, 900 to 43200; absent: the profile's own duration. */
  readonly durationSeconds?: number;
  /** Needs a profile with acceptRoleSessionName. */
  readonly roleSessionName?: string;
}

/**
 * What decides the endpoint's URL.
 *
 * @example
 * ```ts
 * import type { EndpointOptions } from 'roles-anywhere';
 *
 * export const endpoint: EndpointOptions = { partition: 'aws', region: 'eu-west-1', fips: false, dualStack: true };
 * ```
 */
export interface EndpointOptions {
  /** `aws`, `aws-cn`, …: second field of the trust anchor's ARN. */
  readonly partition: string;
  readonly region: string;
  /** A custom endpoint; `option` is what messages call it: `--endpoint`, `AWS_ENDPOINT_URL_ROLESANYWHERE`. */
  readonly custom?: { readonly url: string; readonly option: string };
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/**
 * How the endpoint is reached. Times in milliseconds.
 *
 * @example
 * ```ts
 * import type { NetworkOptions } from 'roles-anywhere';
 *
 * export const network: NetworkOptions = {
 *   verify: true,
 *   maxAttempts: 3,
 *   connectTimeout: 10_000,
 *   requestTimeout: 60_000,
 * };
 * ```
 */
export interface NetworkOptions {
  /** Path of a PEM file whose certificates alone are trusted; `option` is what messages call it. */
  readonly caBundle?: { readonly path: string; readonly option: string };
  /**
   * Places of further roots, as the environment names them: a PEM file (SSL_CERT_FILE), folders of such files
   * (SSL_CERT_DIR), and what Node itself has read (NODE_EXTRA_CA_CERTS), which Node 20 does not tell.
   */
  readonly roots?: {
    readonly file?: string | undefined;
    /** With `:` between them, `;` on Windows. */
    readonly folders?: string | undefined;
    readonly extra?: string | undefined;
  };
  readonly verify: boolean;
  /**
   * The HTTP proxy that leads to https endpoints; `option` is what messages call it: `HTTPS_PROXY`, `https_proxy`. It
   * may hold credentials. `except`: hosts that are reached without it, in the form of NO_PROXY.
   */
  readonly proxy?: { readonly url: string; readonly option: string; readonly except?: string | undefined };
  /** Attempts in all, at least 1. */
  readonly maxAttempts: number;
  readonly connectTimeout: number;
  readonly requestTimeout: number;
}
