import type { CredentialPlan, CredentialRequest } from '../credential-plan.ts';
import type { IdentitySource, KeySource } from '../../identity/identity.ts';
import { decidingSettings } from '../../identity/backends/settings.ts';
import { cacheLocation, givesBytes } from '../../identity/backends/sources.ts';
import type { StsOptions } from '../../aws/assume-role/role-hop.ts';
import type { NetworkOptions } from '../../aws/create-session/session-request.ts';
import { sha256 } from '../../runtime/node/crypto.ts';

/** What is known of the identity of a target. */
export interface KeyedIdentity {
  readonly source: IdentitySource;
  /** Undefined where it is on a token. */
  readonly certificate: Uint8Array | undefined;
}

/** Goes up when what is hashed changes, so that an entry of another version is not taken for one of ours. */
const version = 'roles-anywhere cache key 1';

type Deciding<T> = { readonly [Name in keyof Required<T>]: boolean };

/**
 * What decides which credentials come, or whether they may be trusted: those that were had without verifying the
 * endpoint are not for a call that asks to verify it. Not how the service is reached, and no password: the names of
 * entries would give something to test guesses with.
 */
const network: Deciding<NetworkOptions> = {
  caBundle: true,
  roots: true,
  verify: true,
  proxy: false,
  maxAttempts: false,
  connectTimeout: false,
  requestTimeout: false,
};
const sts: Deciding<StsOptions> = { endpoint: true, fips: true, dualStack: true, clientConfig: false };

/**
 * The name of the entry for a plan: the SHA-256, in hex, of every option that decides the credentials and of the bytes
 * of every certificate. A certificate on a token counts by its URI.
 */
export function entryKey(plan: CredentialPlan, identities: readonly KeyedIdentity[]): string {
  const targets = plan.targets.map(({ request }, at) => decidingOf(request, identities[at]));
  return digestOf(`${version}\n${canonical({ targets, failoverOnRefusal: plan.failoverOnRefusal })}`);
}

function decidingOf({ roleChain, ...request }: CredentialRequest, identity: KeyedIdentity | undefined): object {
  return {
    ...request,
    // A tag may have any name, also one that `canonical` leaves out.
    roleChain: roleChain?.map(({ tags, ...hop }) => ({ ...hop, tags: tags && Object.entries(tags).sort(byName) })),
    network: deciding(request.network, network),
    sts: request.sts && deciding(request.sts, sts),
    identity: identity && decidingOfIdentity(identity),
  };
}

function decidingOfIdentity({ source, certificate }: KeyedIdentity): object {
  return {
    ...decidingSettings(source),
    certificate: certificate === undefined ? locationOf(source.certificate) : digestOf(certificate),
    privateKey: source.privateKey && locationOf(source.privateKey),
  };
}

function deciding<T extends object>(settings: T, table: Deciding<T>): object {
  const names: Readonly<Record<string, boolean>> = table;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names[name]));
}

/** Bytes by their digest, what else there is by where it is. */
function locationOf(source: KeySource): object {
  if (!givesBytes(source)) return cacheLocation(source);
  return source.kind === 'bytes' ? { kind: 'bytes', digest: digestOf(source.bytes) } : source;
}

function digestOf(bytes: string | Uint8Array): string {
  return sha256(bytes).toString('hex');
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

/**
 * JSON with sorted names. `option` is left out wherever it stands: it only says what messages call the place that a
 * value came from.
 */
function canonical(value: unknown): string {
  return JSON.stringify(value, (name, inner: unknown) => {
    if (name === 'option') return undefined;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(byName));
  });
}
