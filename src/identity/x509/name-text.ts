import { onlyElement } from './der.ts';
import { type AttributeText, stringOf } from './distinguished-name.ts';

/** Attribute types by the words that RFC 4514 (section 3), OpenSSL and Windows have for them. */
const types: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  S: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  TITLE: '2.5.4.12',
  POSTALCODE: '2.5.4.17',
  GN: '2.5.4.42',
  G: '2.5.4.42',
  GIVENNAME: '2.5.4.42',
  INITIALS: '2.5.4.43',
  DNQ: '2.5.4.46',
  DNQUALIFIER: '2.5.4.46',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
  EMAIL: '1.2.840.113549.1.9.1',
  EMAILADDRESS: '1.2.840.113549.1.9.1',
};

/** Type, then a value in quotes (RFC 2253, and Windows) or with escapes, then what stands between attributes. */
const attribute =
  /\s*([a-z][\w-]*|(?:OID\.)?\d+(?:\.\d+)+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"\s*|((?:[^,+;"\\]|\\.)*))([,+;]|$)/isy;

/**
 * Reads a distinguished name as a person writes it: attributes in any order, `+` as good as `,`, blanks around them, types
 * in any case or as OIDs, values with escapes, in quotes, or as `#` and the hexadecimal digits of their DER.
 *
 * `o=Example\, Inc. , CN=leaf` is `2.5.4.10` with the value `Example, Inc. ` and `2.5.4.3` with `leaf`.
 *
 * @returns undefined for what is no name, an empty one too
 */
export function attributesInText(text: string): readonly AttributeText[] | undefined {
  const found: AttributeText[] = [];
  attribute.lastIndex = 0;
  for (let rest = ','; rest !== '';) {
    const [, type = '', quoted, plain = '', separator] = attribute.exec(text) ?? [];
    const known =
      types[type.toUpperCase()] ?? (/^(?:OID\.)?[\d.]+$/i.test(type) ? type.replace(/^OID\./i, '') : undefined);
    const value = quoted === undefined ? valueOf(plain.trimStart()) : unescaped(quoted);
    if (separator === undefined || known === undefined || value === undefined) return undefined;
    found.push({ type: known, value });
    rest = separator;
  }
  return found;
}

function valueOf(text: string): string | undefined {
  const [, digits] = /^#((?:[\da-f]{2})+)\s*$/i.exec(text) ?? [];
  if (digits === undefined) return unescaped(text);
  try {
    return stringOf(onlyElement(Buffer.from(digits, 'hex')));
  } catch {
    return undefined;
  }
}

/** A character after a backslash, or the bytes of UTF-8 as pairs of hexadecimal digits (RFC 4514, section 2.4). */
function unescaped(text: string): string {
  return text.replaceAll(/((?:\\[\da-f]{2})+)|\\(.)/gis, (_, pairs: string | undefined, one: string) =>
    pairs === undefined ? one : Buffer.from(pairs.replaceAll('\\', ''), 'hex').toString('utf8'),
  );
}

/** Whether all of some attributes are among others, values compared as caseIgnoreMatch does (RFC 5280, section 7.1). */
export function hasAttributes(there: readonly AttributeText[], wanted: readonly AttributeText[]): boolean {
  const all = new Set(there.map(folded));
  return wanted.every((one) => all.has(folded(one)));
}

function folded({ type, value }: AttributeText): string {
  return `${type}=${value.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase()}`;
}
