import { RolesAnywhereError } from '../core/errors.ts';
import { isObject, type KeysOf, refuseUnknownKeys, whatIs } from '../core/given-shape.ts';
import type { AttributeMapping } from '../trust/session/attribute-mapping.ts';
import type { AuthorityOptions, IntermediateOptions, LeafOptions } from './authority.ts';
import type { CrlOptions } from './import-crl.ts';
import type { Fault } from './faults.ts';
import type { ProfileOptions, RoleOptions } from './registry.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';

const sandboxKeys: KeysOf<SandboxOptions> = {
  region: true,
  accountId: true,
  host: true,
  port: true,
  tls: true,
  anchors: true,
  crls: true,
  identity: true,
  keyType: true,
  roles: true,
  profile: true,
  throttle: true,
  sessionLifetime: true,
  now: true,
  clockOffset: true,
  directory: true,
  log: true,
};

const tlsKeys: KeysOf<NonNullable<SandboxOptions['tls']>> = { key: true, cert: true };

const identityKeys: KeysOf<NonNullable<SandboxOptions['identity']>> = { certificatePath: true, privateKeyPath: true };

const roleKeys: KeysOf<RoleOptions> = {
  name: true,
  accountId: true,
  maxSessionDuration: true,
  externalId: true,
  trustPolicy: true,
};

const profileKeys: KeysOf<ProfileOptions> = {
  name: true,
  roleArns: true,
  durationSeconds: true,
  acceptRoleSessionName: true,
  attributeMappings: true,
};

const mappingKeys: KeysOf<AttributeMapping> = { certificateField: true, mappingRules: true };

const ruleKeys: KeysOf<AttributeMapping['mappingRules'][number]> = { specifier: true };

const trustAnchorKeys: KeysOf<Parameters<Sandbox['addTrustAnchor']>[0]> = { name: true, certificates: true };

const crlKeys: KeysOf<CrlOptions> = { name: true, crl: true, trustAnchorArn: true };

const faultKeys: KeysOf<Fault> = {
  status: true,
  code: true,
  message: true,
  body: true,
  headers: true,
  drop: true,
  delay: true,
  clock: true,
  operation: true,
  times: true,
};

const authorityKeys: KeysOf<AuthorityOptions> = {
  subject: true,
  keyType: true,
  days: true,
  pathLength: true,
  now: true,
};

const intermediateKeys: KeysOf<IntermediateOptions> = { subject: true, keyType: true, days: true, pathLength: true };

const leafKeys: KeysOf<LeafOptions> = {
  subject: true,
  keyType: true,
  days: true,
  notBefore: true,
  serialNumber: true,
  alternativeNames: true,
  keyUsages: true,
  ca: true,
  hash: true,
};

/** @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID: in the options themselves and in what they hold */
export function checkSandboxOptions(options: SandboxOptions): void {
  check(options, sandboxKeys, 'startSandbox takes an object of options');
  const { tls, identity, profile, roles, crls } = options;
  if (tls !== undefined) check(tls, tlsKeys, 'tls must be an object with key and cert', 'tls.');
  if (identity !== undefined) {
    check(identity, identityKeys, 'identity must be an object with certificatePath and privateKeyPath', 'identity.');
  }
  if (profile !== undefined) checkProfile(profile, 'profile.');
  for (const [at, crl] of listOf(crls ?? [], 'crls').entries()) {
    if (typeof crl !== 'string')
      throw new RolesAnywhereError('OPTION_INVALID', `crls[${at}] must be PEM text, not ${whatIs(crl)}`);
  }
  for (const [at, role] of listOf(roles ?? [], 'roles').entries()) checkRole(role, `roles[${at}].`);
}

/** @param place what stands before a key in a message: `roles[0].` */
export function checkRole(role: string | RoleOptions, place: string): void {
  if (typeof role === 'string') return;
  check(
    role,
    roleKeys,
    `${place === '' ? 'a role' : place.slice(0, -1)} must be a name, an ARN or an object with name`,
    place,
  );
}

/** @param place what stands before a key in a message: `profile.` */
export function checkProfile(profile: Omit<ProfileOptions, 'name'>, place: string): void {
  check(profile, profileKeys, 'a profile must be an object', place);
  const mappings = listOf(profile.attributeMappings ?? [], `${place}attributeMappings`);
  for (const [at, mapping] of mappings.entries()) checkMapping(mapping, `${place}attributeMappings[${at}]`);
}

const certificateFields: readonly string[] = ['x509Subject', 'x509Issuer', 'x509SAN'];

/** As PutAttributeMapping takes it; what a specifier may be, is the mapping's own to say. */
function checkMapping(mapping: AttributeMapping, place: string): void {
  check(mapping, mappingKeys, `${place} must be an object with certificateField and mappingRules`, `${place}.`);
  const { certificateField, mappingRules } = mapping;
  if (!certificateFields.includes(certificateField)) {
    const demand = `${place}.certificateField must be one of ${certificateFields.join(', ')}`;
    throw new RolesAnywhereError('OPTION_INVALID', `${demand}, not ${JSON.stringify(certificateField)}`);
  }
  for (const [at, rule] of listOf(mappingRules, `${place}.mappingRules`).entries()) {
    const demand = `${place}.mappingRules[${at}] must be an object with specifier`;
    check(rule, ruleKeys, demand, `${place}.mappingRules[${at}].`);
    if (typeof rule.specifier !== 'string') throw new RolesAnywhereError('OPTION_INVALID', `${demand}, a text`);
  }
}

export function checkTrustAnchor(anchor: Parameters<Sandbox['addTrustAnchor']>[0]): void {
  check(anchor, trustAnchorKeys, 'a trust anchor must be an object with name and certificates');
}

export function checkCrl(crl: CrlOptions): void {
  check(crl, crlKeys, 'a CRL must be an object with name and crl');
}

export function checkFault(fault: Fault): void {
  check(fault, faultKeys, 'a fault must be an object');
}

export function checkAuthority(options: AuthorityOptions): void {
  check(options, authorityKeys, 'a certificate authority takes an object of options');
}

export function checkIntermediate(options: IntermediateOptions): void {
  check(options, intermediateKeys, 'an intermediate takes an object of options');
}

export function checkLeafOptions(options: LeafOptions): void {
  check(options, leafKeys, 'a leaf takes an object of options');
}

/** With its holes, which entries() of an array gives as undefined. */
function listOf<T>(list: readonly T[], name: string): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new RolesAnywhereError('OPTION_INVALID', `${name} must be a list, not ${whatIs(list)}`);
}

function check(given: unknown, keys: Readonly<Record<string, true>>, demand: string, place = ''): void {
  if (!isObject(given)) throw new RolesAnywhereError('OPTION_INVALID', `${demand}, not ${whatIs(given)}`);
  refuseUnknownKeys(given, { known: Object.keys(keys), guide: 'docs/sandbox.md tells of the options' }, place);
}
