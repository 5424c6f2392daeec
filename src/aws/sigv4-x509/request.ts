/** A request before and after signing; nothing in this folder does I/O or reads a clock. */

/**
 * What shall be signed.
 *
 * @example
 * ```ts
 * import type { UnsignedRequest } from 'roles-anywhere';
 *
 * export const request: UnsignedRequest = {
 *   method: 'GET',
 *   path: '/profiles',
 *   query: [['pageSize', '10']],
 *   headers: { host: 'rolesanywhere.eu-west-1.amazonaws.com' },
 *   body: new Uint8Array(),
 * };
 * ```
 */
export interface UnsignedRequest {
  readonly method: string;
  /** The path as it goes on the wire, beginning with `/`. */
  readonly path: string;
  /** Decoded name and value pairs, in any order; absent or empty: no query. */
  readonly query?: readonly (readonly [string, string])[];
  /** Every one of them is signed. Holds at least `host`. Names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * What the signature is for: region, service and time.
 *
 * @example
 * ```ts
 * import type { SigningScope } from 'roles-anywhere';
 *
 * export const scope: SigningScope = { region: 'eu-west-1', date: new Date() };
 * ```
 */
export interface SigningScope {
  readonly region: string;
  /** `rolesanywhere` when not given. */
  readonly service?: string;
  readonly date: Date;
}

/**
 * The request with the headers that the signature adds.
 *
 * @example
 * ```ts
 * import type { SignedRequest } from 'roles-anywhere';
 *
 * export const authorizationOf = ({ headers }: SignedRequest): string => headers['authorization'] ?? '';
 * ```
 */
export interface SignedRequest extends UnsignedRequest {
  /** Lower-case names; X-Amz-Date, X-Amz-X509, X-Amz-X509-Chain (where there is a chain) and Authorization added. */
  readonly headers: Readonly<Record<string, string>>;
  /** For `--debug` and tests. */
  readonly canonicalRequest: string;
  readonly stringToSign: string;
}
