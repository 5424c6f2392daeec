import type { CredentialRequest, PipelineContext } from './pipeline/credential-plan.ts';
import { RolesAnywhereError } from './core/errors.ts';
import { isObject, type KeysOf, refuseUnknownKeys, whatIs } from './core/given-shape.ts';
import { backendSettings } from './identity/backends/settings.ts';
import type { BackendSettings, CertificateSelection, IdentitySource } from './identity/identity.ts';
import { identityFault } from './identity/identity-fault.ts';
import { hopMembers } from './aws/assume-role/check-hop.ts';
import type { StsOptions } from './aws/assume-role/role-hop.ts';
import type { EndpointOptions, NetworkOptions, SessionRequest } from './aws/create-session/session-request.ts';
import type { SigningScope, UnsignedRequest } from './aws/sigv4-x509/request.ts';

type Keys = Readonly<Record<string, true>>;

const selectionKeys: KeysOf<CertificateSelection> = {
  thumbprint: true,
  subject: true,
  issuer: true,
  serial: true,
  friendlyName: true,
  templateOid: true,
  keyUsage: true,
};

/** Of every kind of source: bytes, keys and secrets. */
const sourceKeys: Keys = {
  option: true,
  kind: true,
  path: true,
  name: true,
  fd: true,
  bytes: true,
  uri: true,
  handle: true,
  socket: true,
  command: true,
  value: true,
  location: true,
  store: true,
  keychain: true,
  ...selectionKeys,
};

const textKeys: Keys = { option: true, text: true };
const pathKeys: KeysOf<NonNullable<NetworkOptions['caBundle']>> = { path: true, option: true };
const urlKeys: KeysOf<NonNullable<EndpointOptions['custom']>> = { url: true, option: true };

const identityKeys: KeysOf<Omit<IdentitySource, keyof BackendSettings>> = {
  certificate: true,
  privateKey: true,
  intermediates: true,
  keyPassword: true,
};

/** One context serves every function. */
const contextKeys: KeysOf<PipelineContext> = {
  now: true,
  warn: true,
  askSecret: true,
  debug: true,
  stoppable: true,
  isolateOutput: true,
  onOutdated: true,
  environment: true,
  life: true,
  signal: true,
  random: true,
  sleep: true,
  userAgent: true,
  trace: true,
  onCertificate: true,
};

const requestKeys: KeysOf<CredentialRequest> = {
  identity: true,
  session: true,
  endpoint: true,
  network: true,
  roleChain: true,
  sts: true,
};

const sessionKeys: KeysOf<SessionRequest> = {
  trustAnchorArn: true,
  profileArn: true,
  roleArn: true,
  region: true,
  durationSeconds: true,
  roleSessionName: true,
};

const endpointKeys: KeysOf<EndpointOptions> = {
  partition: true,
  region: true,
  custom: true,
  fips: true,
  dualStack: true,
};

const networkKeys: KeysOf<NetworkOptions> = {
  caBundle: true,
  roots: true,
  verify: true,
  proxy: true,
  maxAttempts: true,
  connectTimeout: true,
  requestTimeout: true,
};

const rootsKeys: KeysOf<NonNullable<NetworkOptions['roots']>> = { file: true, folders: true, extra: true };

const proxyKeys: KeysOf<NonNullable<NetworkOptions['proxy']>> = { url: true, option: true, except: true };

const stsKeys: KeysOf<StsOptions> = { endpoint: true, fips: true, dualStack: true, clientConfig: true };

const unsignedKeys: KeysOf<UnsignedRequest> = { method: true, path: true, query: true, headers: true, body: true };
const scopeKeys: KeysOf<SigningScope> = { region: true, service: true, date: true };

/**
 * What `openIdentity` is given.
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID
 */
export function checkIdentityCall(source: unknown, context: unknown): void {
  checkSource(source, 'source');
  requireKeys(context, contextKeys, 'context');
}

/**
 * What `obtainCredentials` is given, at every depth.
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID
 */
export function checkCredentialCall(given: unknown, context: unknown): void {
  const request = requireKeys(given, requestKeys, 'request');
  checkIdentity(request['identity'], 'request.identity');
  requireKeys(request['session'], sessionKeys, 'request.session');
  const endpoint = requireKeys(request['endpoint'], endpointKeys, 'request.endpoint');
  optionalKeys(endpoint['custom'], urlKeys, 'request.endpoint.custom');
  const network = requireKeys(request['network'], networkKeys, 'request.network');
  optionalKeys(network['caBundle'], pathKeys, 'request.network.caBundle');
  optionalKeys(network['roots'], rootsKeys, 'request.network.roots');
  optionalKeys(network['proxy'], proxyKeys, 'request.network.proxy');
  const sts = optionalKeys(request['sts'], stsKeys, 'request.sts');
  optionalKeys(sts['endpoint'], urlKeys, 'request.sts.endpoint');
  checkHops(request['roleChain']);
  requireKeys(context, contextKeys, 'context');
}

/**
 * What `signRequest` is given.
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID
 */
export function checkSigningCall(request: unknown, identity: unknown, scope: unknown): void {
  const { path, query } = requireKeys(request, unsignedKeys, 'request');
  if (/\p{Surrogate}/u.test([path, query].flat(2).join('\n'))) {
    throw invalid('path or query of request holds half of a character (a lone surrogate), which has no encoding');
  }
  checkOpenIdentity(identity, 'identity');
  const { date } = requireKeys(scope, scopeKeys, 'scope');
  if (!(date instanceof Date)) throw invalid(`scope.date must be a Date, not ${whatIs(date)}`);
}

/** Sources to open, an open identity, or one that is opened again as its files change. */
function checkIdentity(identity: unknown, place: string): void {
  if (isObject(identity) && 'use' in identity) return;
  if (isObject(identity) && 'signer' in identity) checkOpenIdentity(identity, place);
  else checkSource(identity, place);
}

function checkOpenIdentity(identity: unknown, place: string): void {
  const fault = identityFault(identity, place);
  if (fault !== undefined) throw fault;
}

function checkSource(given: unknown, place: string): void {
  const source = requireMembers(given, [identityKeys, backendSettings].flatMap(Object.keys), place);
  requireKeys(source['certificate'], sourceKeys, `${place}.certificate`);
  for (const name of ['privateKey', 'intermediates', 'keyPassword']) {
    optionalKeys(source[name], sourceKeys, `${place}.${name}`);
  }
  for (const [group, known] of Object.entries(backendSettings)) {
    const given = optionalMembers(source[group], Object.keys(known), `${place}.${group}`);
    for (const [name, { is }] of Object.entries(known)) {
      if (is !== 'flag') optionalKeys(given[name], is === 'text' ? textKeys : sourceKeys, `${place}.${group}.${name}`);
    }
  }
}

function checkHops(hops: unknown): void {
  if (hops === undefined) return;
  if (!Array.isArray(hops)) throw invalid(`request.roleChain must be a list of roles, not ${whatIs(hops)}`);
  for (const [at, hop] of Array.from<unknown>(hops).entries())
    requireMembers(hop, ['option', ...hopMembers], `request.roleChain[${at}]`);
}

function optionalKeys(given: unknown, keys: Keys, place: string): Readonly<Record<string, unknown>> {
  return optionalMembers(given, Object.keys(keys), place);
}

function optionalMembers(given: unknown, known: readonly string[], place: string): Readonly<Record<string, unknown>> {
  return given === undefined ? {} : requireMembers(given, known, place);
}

/** @returns its members by name */
function requireKeys(given: unknown, keys: Keys, place: string): Readonly<Record<string, unknown>> {
  return requireMembers(given, Object.keys(keys), place);
}

function requireMembers(given: unknown, known: readonly string[], place: string): Readonly<Record<string, unknown>> {
  if (!isObject(given)) throw invalid(`${place} must be an object, not ${whatIs(given)}`);
  refuseUnknownKeys(given, { known }, `${place}.`);
  return { ...given };
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message);
}
