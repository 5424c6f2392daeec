import { RolesAnywhereError } from '../../core/errors.ts';
import type { DistinguishedName, JudgedCertificate } from '../x509/certificate.ts';
import { attributeName } from '../x509/distinguished-name.ts';
import { tagLimits } from './session-tags.ts';

/** What attributes of a certificate may be mapped from (API reference, PutAttributeMapping). */
export type CertificateField = 'x509Subject' | 'x509Issuer' | 'x509SAN';

/** Which attributes of one field of the certificate become session tags, as GetProfile shows it. */
export interface AttributeMapping {
  readonly certificateField: CertificateField;
  readonly mappingRules: readonly { readonly specifier: string }[];
}

/** Of a profile that nobody changed (user guide, attribute mapping). */
export const defaultMappings: readonly AttributeMapping[] = [
  { certificateField: 'x509Issuer', mappingRules: [{ specifier: '*' }] },
  { certificateField: 'x509SAN', mappingRules: [{ specifier: 'DNS' }, { specifier: 'URI' }, { specifier: 'Name/*' }] },
  { certificateField: 'x509Subject', mappingRules: [{ specifier: '*' }] },
];

const longestSpecifier = 60;

/**
 * The mappings after PutAttributeMapping: the rules of one field in place of those it had. That they replace and do not
 * add to them is what clients rely on; no document says so.
 * @throws RolesAnywhereError OPTION_INVALID for a specifier that means nothing
 */
export function putMapping(
  mappings: readonly AttributeMapping[],
  certificateField: CertificateField,
  specifiers: readonly string[],
): readonly AttributeMapping[] {
  const mappingRules = specifiers.map((specifier) => ({ specifier: checkSpecifier(certificateField, specifier) }));
  const others = mappings.filter((mapping) => mapping.certificateField !== certificateField);
  return inOrder([...others, { certificateField, mappingRules }]);
}

/** The mappings after DeleteAttributeMapping: without these specifiers of a field, or without the field when none is named. */
export function deleteMapping(
  mappings: readonly AttributeMapping[],
  certificateField: CertificateField,
  specifiers?: readonly string[],
): readonly AttributeMapping[] {
  const gone = specifiers?.map((specifier) => canonical(certificateField, specifier));
  return mappings.flatMap((mapping) => {
    if (mapping.certificateField !== certificateField) return [mapping];
    const mappingRules =
      gone === undefined
        ? []
        : mapping.mappingRules.filter(({ specifier }) => !gone.includes(canonical(certificateField, specifier)));
    return mappingRules.length === 0 ? [] : [{ certificateField, mappingRules }];
  });
}

function inOrder(mappings: readonly AttributeMapping[]): readonly AttributeMapping[] {
  return mappings.toSorted((one, other) => one.certificateField.localeCompare(other.certificateField, 'en'));
}

/** `Name` and `Name/` are shown as `Name/*` (user guide, attribute mapping). */
function canonical(field: CertificateField, specifier: string): string {
  return field === 'x509SAN' && /^Name\/?$/i.test(specifier) ? 'Name/*' : specifier;
}

const relativeName = /^(?:\*|[A-Za-z]+|\d+(?:\.\d+)+)$/;

function checkSpecifier(field: CertificateField, specifier: string): string {
  const wanted = canonical(field, specifier);
  const name = field === 'x509SAN' ? /^Name\/(.*)$/i.exec(wanted)?.[1] : wanted;
  const isWhole = field === 'x509SAN' && /^(?:DNS|URI)$/i.test(wanted);
  if (wanted.length <= longestSpecifier && (isWhole || (name !== undefined && relativeName.test(name)))) return wanted;
  const takes = field === 'x509SAN' ? 'DNS, URI, Name/* or Name/CN' : '* or the name of an attribute, as CN or 2.5.4.3';
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `the attribute mapping of ${field} takes ${takes}, not "${specifier.slice(0, 64)}"`,
  );
}

/**
 * Why an attribute of the certificate is no session tag:
 *
 * - `not-mapped`: no rule of the profile names it. `no-name`: `*` stands for attributes with a short name, and it has none.
 * - `not-first`: of DNS names, URIs and directory names only the first counts.
 * - `characters`, `value-length`, `key-length`, `too-many`: STS takes no such tag.
 */
export type DropReason =
  | 'not-mapped'
  | 'no-name'
  | 'not-first'
  | 'characters'
  | 'value-length'
  | 'key-length'
  | 'too-many';

/** An attribute of the certificate that is no session tag. */
export interface DroppedAttribute {
  /** The tag it would have been: `x509Subject/CN`. */
  readonly key: string;
  readonly value: string;
  readonly why: DropReason;
}

/** What becomes of the attributes of a certificate. */
export interface MappedAttributes {
  readonly tags: ReadonlyMap<string, string>;
  readonly dropped: readonly DroppedAttribute[];
}

/**
 * The session tags that Roles Anywhere makes of a leaf, and what it leaves out without a word (user guide, attribute
 * mapping). Of an attribute with several values these are joined with `/`, in the order of the certificate.
 *
 * @example
 * ```ts
 * import { defaultMappings, deleteMapping, type JudgedCertificate, mapAttributes } from 'roles-anywhere/trust';
 *
 * export function show(leaf: JudgedCertificate): void {
 *   const { tags, dropped } = mapAttributes(leaf, deleteMapping(defaultMappings, 'x509Issuer'));
 *   for (const [key, value] of tags) console.log(key, value);
 *   for (const { key, value, why } of dropped) console.log('left out', key, value, why);
 * }
 * ```
 */
export function mapAttributes(
  leaf: JudgedCertificate,
  mappings: readonly AttributeMapping[] = defaultMappings,
): MappedAttributes {
  const tags = new Map<string, string>();
  const dropped: DroppedAttribute[] = [];
  for (const { key, value, why } of candidatesOf(leaf, mappings)) {
    const reason = why ?? unfit(key, value) ?? (tags.size >= tagLimits.count ? 'too-many' : undefined);
    if (reason === undefined) tags.set(key, value);
    else dropped.push({ key, value, why: reason });
  }
  return { tags, dropped };
}

interface Candidate {
  readonly key: string;
  readonly value: string;
  readonly why?: DropReason | undefined;
}

function candidatesOf(leaf: JudgedCertificate, mappings: readonly AttributeMapping[]): Candidate[] {
  const rules = (field: CertificateField): string[] =>
    mappings
      .filter(({ certificateField }) => certificateField === field)
      .flatMap(({ mappingRules }) => mappingRules.map(({ specifier }) => canonical(field, specifier)));
  const alternative = rules('x509SAN');
  const { dns, uri, directory } = leaf.alternativeNames;
  const named = alternative.flatMap((specifier) => /^Name\/(.*)$/i.exec(specifier)?.[1] ?? []);
  return [
    ...nameCandidates('x509Subject', [leaf.subject], rules('x509Subject')),
    ...nameCandidates('x509Issuer', [leaf.issuer], rules('x509Issuer')),
    ...textCandidates('DNS', dns, alternative),
    ...textCandidates('URI', uri, alternative),
    ...nameCandidates('x509SAN/Name', directory.slice(0, 1), named),
    ...nameCandidates('x509SAN/Name', directory.slice(1), named, 'not-first'),
  ];
}

function textCandidates(kind: 'DNS' | 'URI', values: readonly string[], rules: readonly string[]): Candidate[] {
  const isMapped = rules.some((specifier) => specifier.toUpperCase() === kind);
  return values.map((value, index) => {
    const place = index === 0 ? undefined : ('not-first' as const);
    return { key: `x509SAN/${kind}`, value, why: isMapped ? place : ('not-mapped' as const) };
  });
}

/** @param otherwise why none of these can be a tag, though they are mapped */
function nameCandidates(
  prefix: string,
  names: readonly DistinguishedName[],
  rules: readonly string[],
  otherwise?: DropReason,
): Candidate[] {
  const values = new Map<string, string[]>();
  for (const { type, value } of names.flatMap(({ attributes }) => attributes)) {
    const known = values.get(type);
    if (known === undefined) values.set(type, [value]);
    else known.push(value);
  }
  return [...values].map(([type, all]) => ({
    key: `${prefix}/${type}`,
    value: all.join('/'),
    why: whyUnmapped(type, rules) ?? otherwise,
  }));
}

function whyUnmapped(type: string, rules: readonly string[]): DropReason | undefined {
  if (rules.some((specifier) => attributeName(specifier).toUpperCase() === type.toUpperCase())) return undefined;
  if (!rules.includes('*')) return 'not-mapped';
  return /^\d/.test(type) ? 'no-name' : undefined;
}

function unfit(key: string, value: string): DropReason | undefined {
  if (key.length > tagLimits.key) return 'key-length';
  if (value.length > tagLimits.value) return 'value-length';
  return tagLimits.pattern.test(value) ? undefined : 'characters';
}
