import { createHash } from 'node:crypto';
import { RolesAnywhereError } from '../core/errors.ts';
import type { JudgedCertificate } from '../trust/x509/certificate.ts';
import { anchorLimit, anchorViolations } from '../trust/x509/issuer-constraints.ts';
import { decodeCertificates } from '../trust/x509/read-certificate.ts';
import type { RevocationList } from '../trust/x509/revocation-list.ts';
import { type AttributeMapping, defaultMappings, putMapping } from '../trust/session/attribute-mapping.ts';
import { durationLimits } from '../trust/session/session.ts';
import { readTrustPolicy, type TrustPolicy } from '../trust/policy/trust-policy.ts';

/** A role of the sandbox. */
export interface RoleOptions {
  /** The name, with its path where it has one, or the ARN: `Worker`, `team/Worker`. */
  readonly name: string;
  /** The ARN's, or the sandbox's account when not given. A role elsewhere can only be reached by AssumeRole. */
  readonly accountId?: string;
  /** Seconds, 3600 to 43200; 3600 when not given, as in IAM. */
  readonly maxSessionDuration?: number;
  /** AssumeRole has to bring this external id. Not together with `trustPolicy`. */
  readonly externalId?: string;
  /**
   * The trust policy, as an object or as JSON. When not given, Roles Anywhere and every session of the sandbox's
   * account may assume the role, tag the session and set its source identity.
   */
  readonly trustPolicy?: string | object;
}

/** A Roles Anywhere profile of the sandbox. */
export interface ProfileOptions {
  /** Makes its ARN. */
  readonly name: string;
  /** ARNs of the roles it may give out. */
  readonly roleArns?: readonly string[];
  /** Seconds, 900 to 43200; 3600 when not given. */
  readonly durationSeconds?: number;
  /** False when not given, as in the service. */
  readonly acceptRoleSessionName?: boolean;
  /** Which attributes of a certificate become session tags; those of a new profile of the service when not given. */
  readonly attributeMappings?: readonly AttributeMapping[];
}

/** A CRL that was imported for a trust anchor. */
export interface ImportedCrl {
  readonly arn: string;
  readonly trustAnchorArn: string;
  readonly list: RevocationList;
}

export interface TrustAnchor {
  readonly arn: string;
  readonly certificates: readonly JudgedCertificate[];
}

export interface Profile {
  readonly arn: string;
  readonly roleArns: ReadonlySet<string>;
  readonly durationSeconds: number;
  readonly acceptRoleSessionName: boolean;
  readonly attributeMappings: readonly AttributeMapping[];
}

export interface Role {
  readonly arn: string;
  /** Without its path. */
  readonly name: string;
  readonly accountId: string;
  readonly id: string;
  readonly maxSessionDuration: number;
  readonly trustPolicy: TrustPolicy;
}

/** Everything an administrator has set up in the sandbox's account. */
export interface Registry {
  readonly place: AccountPlace;
  readonly trustAnchors: Map<string, TrustAnchor>;
  readonly profiles: Map<string, Profile>;
  readonly roles: Map<string, Role>;
  readonly crls: Map<string, ImportedCrl>;
  /** ARNs of trust anchors, profiles and CRLs that are switched off. */
  readonly disabled: Set<string>;
  readonly revokedSerialNumbers: Set<bigint>;
}

export function makeRegistry(place: AccountPlace): Registry {
  return {
    place,
    trustAnchors: new Map(),
    profiles: new Map(),
    roles: new Map(),
    crls: new Map(),
    disabled: new Set(),
    revokedSerialNumbers: new Set(),
  };
}

/**
 * Adds a trust anchor of one or two CA certificates.
 * @returns its ARN
 * @throws RolesAnywhereError CERTIFICATE_INVALID, OPTION_INVALID
 */
export function addTrustAnchor(registry: Registry, name: string, pems: readonly string[]): string {
  const certificates = pems.flatMap((pem) => decodeCertificates(pem));
  if (certificates.length === 0 || certificates.length > anchorLimit) {
    throw invalid(`a trust anchor has one or two certificates, not ${certificates.length}`);
  }
  const problem = certificates.flatMap(anchorViolations).at(0)?.reason;
  // The words of CreateTrustAnchor.
  if (problem !== undefined) throw invalid(`Incorrect basic constraints for CA certificate: ${problem}`);
  const arn = rolesAnywhereArn(registry.place, 'trust-anchor', name);
  registry.trustAnchors.set(arn, { arn, certificates });
  return arn;
}

/**
 * Adds a profile.
 * @returns its ARN
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function addProfile(registry: Registry, options: ProfileOptions): string {
  const { least, most, fallback } = durationLimits;
  const durationSeconds = inRange('durationSeconds of the profile', options.durationSeconds ?? fallback, [least, most]);
  const arn = rolesAnywhereArn(registry.place, 'profile', options.name);
  const acceptRoleSessionName = options.acceptRoleSessionName ?? false;
  const attributeMappings = checkedMappings(options.attributeMappings ?? defaultMappings);
  const roleArns = new Set(options.roleArns);
  registry.profiles.set(arn, { arn, roleArns, durationSeconds, acceptRoleSessionName, attributeMappings });
  return arn;
}

/** As PutAttributeMapping would, field after field. */
function checkedMappings(mappings: readonly AttributeMapping[]): readonly AttributeMapping[] {
  return mappings.reduce<readonly AttributeMapping[]>((sum, { certificateField, mappingRules }) => {
    if (sum.some((mapping) => mapping.certificateField === certificateField)) {
      throw invalid(`attributeMappings has ${certificateField} twice`);
    }
    const specifiers = mappingRules.map(({ specifier }) => specifier);
    return putMapping(sum, certificateField, specifiers);
  }, []);
}

/**
 * Adds a role, by its name in the sandbox's account, by its ARN, or in full.
 * @returns its ARN
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function addRole(registry: Registry, given: string | RoleOptions): string {
  const role = makeRole(registry.place, readRoleName(typeof given === 'string' ? { name: given } : given));
  registry.roles.set(role.arn, role);
  return role.arn;
}

const roleArnPattern = /^arn:[\w-]+:iam::(\d{12}):role\/(.+)$/;
const roleNamePattern = /^(?:[!-~]+\/)?([\w+=,.@-]{1,64})$/;

/** An ARN in place of the name says the account as well. */
function readRoleName(options: RoleOptions): RoleOptions {
  const [, accountId, name] = roleArnPattern.exec(options.name) ?? [];
  return accountId === undefined || name === undefined ? options : { ...options, name, accountId };
}

function makeRole(place: AccountPlace, options: RoleOptions): Role {
  const name = roleNamePattern.exec(options.name)?.[1];
  if (name === undefined) throw invalid(`"${options.name}" is no name of a role`);
  if (options.externalId !== undefined && options.trustPolicy !== undefined) {
    throw invalid(
      `role ${options.name} has an externalId and a trustPolicy; the policy has to ask for the id by itself`,
    );
  }
  const accountId = options.accountId ?? place.accountId;
  const { fallback, most } = durationLimits;
  const arn = `arn:${partitionOf(place.region)}:iam::${accountId}:role/${options.name}`;
  return {
    arn,
    name,
    accountId,
    id: roleId(arn),
    maxSessionDuration: inRange('maxSessionDuration', options.maxSessionDuration ?? fallback, [fallback, most]),
    trustPolicy: readTrustPolicy(options.trustPolicy ?? defaultTrustPolicy(place, options.externalId)),
  };
}

function defaultTrustPolicy(place: AccountPlace, externalId: string | undefined): object {
  const actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const account = `arn:${partitionOf(place.region)}:iam::${place.accountId}:root`;
  const condition = externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } };
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'rolesanywhere.amazonaws.com' }, Action: actions },
      { Effect: 'Allow', Principal: { AWS: account }, Action: actions, ...condition },
    ],
  };
}

function inRange(what: string, seconds: number, [least, most]: readonly [number, number]): number {
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return seconds;
  throw invalid(`${what} is ${seconds}; it must be a whole number of seconds from ${least} to ${most}`);
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message);
}

/** What ARNs and identifiers are made of, besides names: they are the same at every start of a sandbox. */
export interface AccountPlace {
  readonly region: string;
  readonly accountId: string;
}

const partitions: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
];

function partitionOf(region: string): string {
  return partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}

export function rolesAnywhereArn(
  place: AccountPlace,
  kind: 'trust-anchor' | 'profile' | 'crl' | 'subject',
  name: string,
): string {
  const id = makeUuid(`${kind} ${place.accountId} ${place.region} ${name}`);
  return `arn:${partitionOf(place.region)}:rolesanywhere:${place.region}:${place.accountId}:${kind}/${id}`;
}

/** `AROA` and seventeen letters and digits, as IAM gives every role. */
function roleId(roleArn: string): string {
  const digits = BigInt(`0x${createHash('sha256').update(roleArn).digest('hex')}`).toString(36);
  return `AROA${digits.toUpperCase().slice(0, 17)}`;
}

function makeUuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
