import type { DistinguishedName, NameAttribute } from './certificate.ts';
import { type DerElement, derTag, malformed, readInside, readObjectIdentifier } from './der.ts';

/** Short names of the attributes that can become session tags; others keep their object identifier. */
const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SURNAME',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'GIVENNAME',
  '2.5.4.43': 'INITIALS',
  '2.5.4.44': 'GENERATION',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
};

/** The short name of an attribute by its object identifier; what has none, or is one already, stays as it is. */
export function attributeName(type: string): string {
  return attributeNames[type] ?? type;
}

/**
 * Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY } (RFC 5280, section 4.1.2.4)
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readName(field: DerElement): DistinguishedName {
  const relativeNames = readInside(field).map((relative) => readInside(relative, derTag.set).map(readAttribute));
  const attributes = relativeNames.flat().map(({ attribute }) => attribute);
  return {
    der: field.raw,
    comparable: relativeNames.map((relative) =>
      relative
        .map(({ comparable }) => comparable)
        .sort()
        .join('\n'),
    ),
    attributes,
    text: attributes.map(({ type, value }) => `${type}=${value}`).join(', '),
  };
}

/** Whether two names are the same (RFC 5280, section 7.1). */
export function isSameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return one.comparable.length === other.comparable.length && isWithin(one, other);
}

/** Whether a name begins with all relative names of another: it is in the tree below it. */
export function isWithin(name: DistinguishedName, top: DistinguishedName): boolean {
  return top.comparable.every((relative, index) => relative === name.comparable[index]);
}

interface ReadAttribute {
  readonly attribute: NameAttribute;
  readonly comparable: string;
}

function readAttribute(element: DerElement): ReadAttribute {
  const [oid, value, ...more] = readInside(element);
  const type = readObjectIdentifier(oid);
  if (value === undefined || more.length > 0) throw malformed('an attribute of a name has not one value');
  return {
    attribute: { type: attributeName(type), value: readText(value) },
    comparable: `${type}=${comparableValue(value)}`,
  };
}

/** UTF8String, PrintableString, TeletexString, IA5String, VisibleString, UniversalString and BMPString. */
const textTags: ReadonlySet<number> = new Set([0x0c, 0x13, 0x14, 0x16, 0x1a, 0x1c, 0x1e]);

/**
 * Names are compared without regard to their encoding, to case and to blanks (RFC 5280, section 7.1). As in OpenSSL, case
 * is that of ASCII: its text is what nearly all names are made of, and what decides elsewhere is not to depend on tables
 * of Unicode.
 */
function comparableValue(value: DerElement): string {
  if (!textTags.has(value.tag)) return `#${Buffer.from(value.raw).toString('hex')}`;
  return readText(value)
    .replaceAll(/[\t-\r ]+/g, ' ')
    .replaceAll(/^ | $/g, '')
    .replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** DirectoryString and its kin (RFC 5280, section 4.1.2.4); TeletexString is Latin-1 in practice. */
function readText({ tag, content }: DerElement): string {
  const bytes = Buffer.from(content);
  if (tag === 0x0c) return bytes.toString('utf8');
  if (tag === 0x1e) return bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : '';
  if (tag !== 0x1c) return bytes.toString('latin1');
  const points =
    bytes.length % 4 === 0 ? Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32BE(4 * at)) : [];
  return points.map((point) => (point > 0x10_ffff ? '\u{fffd}' : String.fromCodePoint(point))).join('');
}
