import { readFile } from '../core/fs/read-file.ts';
import { readReason } from '../core/fs/read-reason.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import type { AttributeMapping } from '../trust/session/attribute-mapping.ts';
import type { KnownProfile, KnownTrustAnchor } from '../trust/session/decide-session.ts';
import { readTrustPolicy } from '../trust/policy/trust-policy.ts';
import { anchorLimit } from '../trust/x509/issuer-constraints.ts';
import { decodeCertificates } from '../trust/x509/read-certificate.ts';
import { decodeCrl } from '../trust/x509/read-revocation-list.ts';
import { failed, warn } from './finding.ts';
import type { KnownAccount } from './known-account.ts';
import type { Finding } from './report.ts';

/**
 * Files that say what only the account knows, by their paths.
 *
 * @example
 * ```ts
 * import type { AccountFiles } from 'roles-anywhere';
 *
 * export const known: AccountFiles = { trustAnchorCertificates: ['ca.pem'], trustPolicy: 'policy.json' };
 * ```
 */
export interface AccountFiles {
  /** PEM, one or two certificates in all. */
  readonly trustAnchorCertificates?: readonly string[] | undefined;
  /** PEM or DER, imported for that trust anchor. */
  readonly crls?: readonly string[] | undefined;
  /** JSON. */
  readonly trustPolicy?: string | undefined;
  /** JSON: the list of mappings that GetProfile shows. */
  readonly attributeMapping?: string | undefined;
  /** JSON: as GetProfile gives it. */
  readonly profileDocument?: string | undefined;
}

/** What was read, and what could not be. Of a trust anchor files may say one thing and the account another. */
export interface ReadAccount {
  readonly account: Omit<KnownAccount, 'trustAnchor'> & {
    readonly trustAnchor?: Partial<KnownTrustAnchor> | undefined;
  };
  readonly findings: readonly Finding[];
}

/** What is known when all has been read: without certificates nothing can be said of a trust anchor. */
export function concluded({ account: { trustAnchor = {}, ...others }, findings }: ReadAccount): {
  readonly account: KnownAccount;
  readonly findings: readonly Finding[];
} {
  const { certificates = [], crls = [] } = trustAnchor;
  if (certificates.length > 0)
    return { account: { ...others, trustAnchor: { ...trustAnchor, certificates } }, findings };
  const message = 'CRLs are there, and not looked at: the certificate of the trust anchor is not known';
  const unused = crls.length === 0 ? [] : [warn('crl', message, 'give it by --trust-anchor-certificate')];
  return { account: others, findings: [...findings, ...unused] };
}

/** Bytes: a CRL has 300 000 at the most, and a policy 131 072. */
const maxFileBytes = 4 * 1024 * 1024;

/** What files say goes before what was read of the account. */
export function together(inspected: ReadAccount, files: ReadAccount): ReadAccount {
  const { trustAnchor, profile, role } = files.account;
  const { account } = inspected;
  return {
    findings: [...inspected.findings, ...files.findings],
    account: {
      trustAnchor: { ...account.trustAnchor, ...trustAnchor },
      profile: profile === undefined ? account.profile : { ...account.profile, ...profile },
      role: role === undefined ? account.role : { ...account.role, ...role },
    },
  };
}

/** Reads all of the files. One that cannot be read is a finding, and not known. */
export async function readAccount(files: AccountFiles): Promise<ReadAccount> {
  const findings: Finding[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      findings.push(failed(error));
      return undefined;
    }
  };
  const certificates = await attempt(() => certificatesOf(files.trustAnchorCertificates ?? []));
  const crls = await attempt(() => crlsOf(files.crls ?? []));
  const trustPolicy = await attempt(() => policyOf(files.trustPolicy));
  const document = await attempt(() => documentOf('--profile-document', files.profileDocument));
  const mappings = await attempt(() => documentOf('--attribute-mapping', files.attributeMapping));
  if ((certificates?.length ?? 0) > anchorLimit) findings.push(tooMany(certificates?.length ?? 0));
  const profile = { ...profileOf(document), ...mappingsOf(mappings) };
  return {
    findings,
    account: {
      trustAnchor: anchorOf(certificates ?? [], crls ?? []),
      ...(Object.keys(profile).length === 0 ? {} : { profile }),
      ...(trustPolicy === undefined ? {} : { role: { trustPolicy } }),
    },
  };
}

function tooMany(count: number): Finding {
  const message = `--trust-anchor-certificate: ${count} certificates were given, and a trust anchor holds ${anchorLimit}`;
  return warn('anchor-certificates', message, 'make several trust anchors, or the root above them the trust anchor');
}

function anchorOf(
  certificates: KnownTrustAnchor['certificates'],
  crls: NonNullable<KnownTrustAnchor['crls']>,
): Partial<KnownTrustAnchor> {
  return { ...(certificates.length === 0 ? {} : { certificates }), ...(crls.length === 0 ? {} : { crls }) };
}

async function certificatesOf(paths: readonly string[]): Promise<KnownTrustAnchor['certificates']> {
  const found: KnownTrustAnchor['certificates'][number][] = [];
  for (const path of paths) {
    const bytes = await read('--trust-anchor-certificate', path);
    found.push(...decoding('--trust-anchor-certificate', path, () => decodeCertificates(bytes.toString('latin1'))));
  }
  return found;
}

async function crlsOf(paths: readonly string[]): Promise<NonNullable<KnownTrustAnchor['crls']>> {
  const found: NonNullable<KnownTrustAnchor['crls']>[number][] = [];
  for (const path of paths) {
    const bytes = await read('--crl', path);
    found.push(decoding('--crl', path, () => decodeCrl(bytes)));
  }
  return found;
}

async function policyOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = (await read('--trust-policy', path)).toString('utf8');
  decoding('--trust-policy', path, () => readTrustPolicy(text));
  return text;
}

async function documentOf(option: string, path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  const bytes = await read(option, path);
  return decoding(option, path, (): unknown => {
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch {
      throw new RolesAnywhereError('OPTION_INVALID', 'it is no JSON');
    }
  });
}

async function read(option: string, path: string): Promise<Buffer> {
  try {
    return (await readFile(path, { bytes: maxFileBytes })).bytes;
  } catch (cause) {
    throw new RolesAnywhereError('FILE_FAILED', `${option}: ${path} cannot be read: ${readReason(cause)}`, { cause });
  }
}

/** Names the file in what is wrong with it. */
function decoding<T>(option: string, path: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    throw new RolesAnywhereError(error.code, `${option}: ${path}: ${error.message}`, { hints: error.hints });
  }
}

/** As GetProfile gives it: within `profile`, or that alone. */
export function profileOf(document: unknown): KnownProfile {
  const outer = memberOf(document, 'profile');
  const profile = typeof outer === 'object' && outer !== null ? outer : document;
  const text = (name: string): string | undefined => asString(memberOf(profile, name));
  const seconds = memberOf(profile, 'durationSeconds');
  const texts = (name: string): readonly string[] | undefined => asStrings(memberOf(profile, name));
  return withoutUndefined({
    enabled: asBoolean(memberOf(profile, 'enabled')),
    roleArns: texts('roleArns'),
    durationSeconds: typeof seconds === 'number' ? seconds : undefined,
    acceptRoleSessionName: asBoolean(memberOf(profile, 'acceptRoleSessionName')),
    sessionPolicy: text('sessionPolicy'),
    managedPolicyArns: texts('managedPolicyArns'),
    ...mappingsOf(profile),
  });
}

/** A list of mappings, or what has one as `attributeMappings`. */
function mappingsOf(document: unknown): Pick<KnownProfile, 'attributeMappings'> {
  const list = Array.isArray(document) ? document : memberOf(document, 'attributeMappings');
  if (!Array.isArray(list)) return {};
  return { attributeMappings: list.flatMap(mappingOf) };
}

function mappingOf(given: unknown): readonly AttributeMapping[] {
  const field = memberOf(given, 'certificateField');
  const rules = memberOf(given, 'mappingRules');
  if (field !== 'x509Subject' && field !== 'x509Issuer' && field !== 'x509SAN') return [];
  const specifiers = Array.isArray(rules) ? rules.map((rule: unknown) => asString(memberOf(rule, 'specifier'))) : [];
  return [
    {
      certificateField: field,
      mappingRules: specifiers.flatMap((specifier) => (specifier === undefined ? [] : { specifier })),
    },
  ];
}

export function memberOf(container: unknown, name: string): unknown {
  return typeof container === 'object' && container !== null
    ? Object.getOwnPropertyDescriptor(container, name)?.value
    : undefined;
}

const asString = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const asBoolean = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined);

function asStrings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
}

function withoutUndefined<T extends object>(value: T): T {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- members that are undefined are optional ones
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
