import { fileURLToPath } from 'node:url';
import { RolesAnywhereError } from '../core/errors.ts';
import type { SecretSource } from './identity.ts';
import { nearest } from '../core/nearest.ts';

type ObjectType = 'public' | 'private' | 'cert' | 'secret-key' | 'data';

export interface LibraryVersion {
  readonly major: number;
  readonly minor: number;
}

/** An attribute that RFC 7512 does not know. It takes no part in the search. */
interface VendorAttribute {
  readonly place: 'path' | 'query';
  readonly name: string;
  readonly value: string;
}

/** A PKCS#11 URI, decoded (RFC 7512, section 2.3). An attribute that is not there matches everything. */
export interface Pkcs11Uri {
  readonly libraryManufacturer?: string;
  readonly libraryDescription?: string;
  readonly libraryVersion?: LibraryVersion;
  readonly slotManufacturer?: string;
  readonly slotDescription?: string;
  readonly slotId?: bigint;
  readonly model?: string;
  readonly manufacturer?: string;
  readonly serial?: string;
  readonly token?: string;
  /** CKA_ID. */
  readonly id?: Uint8Array;
  /** CKA_LABEL. */
  readonly object?: string;
  readonly type?: ObjectType;
  readonly moduleName?: string;
  readonly modulePath?: string;
  /** `pin-value` or `pin-source`. */
  readonly pin?: SecretSource;
  readonly vendor?: readonly VendorAttribute[];
}

type Place = VendorAttribute['place'];

/** One `name=value` of the URI; the value still percent-encoded. It may be a PIN, and shows in no message. */
interface Attribute {
  readonly place: Place;
  readonly name: string;
  readonly encoded: string;
  /** What messages call the option that holds the URI. */
  readonly origin: string;
}

type Reader = (attribute: Attribute) => Pkcs11Uri;

/** RFC 7512, section 2.3, Table 1. */
const pathReaders: Readonly<Record<string, Reader>> = {
  'library-manufacturer': (attribute) => ({ libraryManufacturer: text(attribute) }),
  'library-description': (attribute) => ({ libraryDescription: text(attribute) }),
  'library-version': (attribute) => ({ libraryVersion: version(attribute) }),
  'slot-manufacturer': (attribute) => ({ slotManufacturer: text(attribute) }),
  'slot-description': (attribute) => ({ slotDescription: text(attribute) }),
  'slot-id': (attribute) => ({ slotId: number(attribute) }),
  model: (attribute) => ({ model: text(attribute) }),
  manufacturer: (attribute) => ({ manufacturer: text(attribute) }),
  serial: (attribute) => ({ serial: text(attribute) }),
  token: (attribute) => ({ token: text(attribute) }),
  id: (attribute) => ({ id: decode(attribute) }),
  object: (attribute) => ({ object: text(attribute) }),
  type: (attribute) => ({ type: objectType(attribute) }),
};

/** RFC 7512, section 2.4, Table 2. */
const queryReaders: Readonly<Record<string, Reader>> = {
  'module-name': (attribute) => ({ moduleName: moduleName(attribute) }),
  'module-path': (attribute) => ({ modulePath: notEmpty(attribute) }),
  'pin-source': (attribute) => ({ pin: pinSource(attribute) }),
  'pin-value': (attribute) => ({ pin: pinValue(attribute) }),
};

const readers: Readonly<Record<Place, Readonly<Record<string, Reader>>>> = { path: pathReaders, query: queryReaders };

/** What other tools call these things. Taken for a vendor's attribute, each would silently widen the search. */
const otherNames: Readonly<Record<string, string>> = {
  label: 'object',
  name: 'object',
  slot: 'slot-id',
  'serial-number': 'serial',
  'token-label': 'token',
  'object-type': 'type',
  class: 'type',
  module: 'module-path',
  pin: 'pin-value',
};

/** Longer than any, and short enough to be read in no time. */
const maxLength = 65_536;

/**
 * Reads a PKCS#11 URI (RFC 7512), of 65 536 characters at the most.
 *
 * @param origin what messages call the option that holds it
 * @throws RolesAnywhereError OPTION_INVALID, OPTION_MISPLACED; no message holds the value of an attribute
 */
export function parsePkcs11Uri(text: string, origin: string): Pkcs11Uri {
  if (!/^pkcs11:/i.test(text)) throw invalid(origin, 'is no PKCS#11 URI', ['it begins with pkcs11:']);
  if (text.length > maxLength) throw invalid(origin, `is a PKCS#11 URI of more than ${maxLength} characters`);
  const rest = text.slice('pkcs11:'.length);
  const question = rest.indexOf('?');
  const path = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? '' : rest.slice(question + 1);
  const draft: Draft = { uri: {}, vendor: [], names: new Set() };
  for (const attribute of [...split(path, 'path', origin), ...split(query, 'query', origin)]) add(draft, attribute);
  return draft.vendor.length === 0 ? draft.uri : { ...draft.uri, vendor: draft.vendor };
}

/** What was read so far. */
interface Draft {
  readonly uri: Pkcs11Uri;
  readonly vendor: VendorAttribute[];
  /** Of the vendor's attributes in the path. */
  readonly names: Set<string>;
}

function split(component: string, place: Place, origin: string): readonly Attribute[] {
  if (component === '') return [];
  const separator = place === 'path' ? ';' : '&';
  return component.split(separator).map((part, index) => {
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    if (equals > 0 && /^[A-Za-z0-9_-]+$/.test(name)) {
      return { place, name, encoded: part.slice(equals + 1), origin };
    }
    const known = readers[place][part] === undefined ? '' : `, ${part},`;
    throw invalid(
      origin,
      `has a PKCS#11 URI whose ${place} attribute number ${index + 1}${known} is not of the form name=value`,
      [
        `attributes of the ${place} are separated by ${separator}, and a ${separator} inside of a value is ${percent(separator)}`,
      ],
    );
  });
}

function add(draft: Draft, attribute: Attribute): void {
  const { uri } = draft;
  const reader = readers[attribute.place][attribute.name];
  if (reader === undefined) return addVendor(draft, attribute);
  const read = reader(attribute);
  const [key] = Object.keys(read);
  if (key !== undefined && key in uri) {
    throw invalid(
      attribute.origin,
      key === 'pin' && !isRepeated(uri, read)
        ? 'has a PKCS#11 URI with both pin-value and pin-source'
        : `has a PKCS#11 URI with the attribute ${attribute.name} twice`,
    );
  }
  Object.assign(uri, read);
}

function isRepeated(uri: Pkcs11Uri, read: Pkcs11Uri): boolean {
  return uri.pin?.kind === read.pin?.kind;
}

function addVendor({ vendor, names }: Draft, attribute: Attribute): void {
  const { place, name } = attribute;
  refuseMistaken(attribute);
  // Only in the query a vendor's attribute may come more than once.
  if (place === 'path' && names.has(name)) {
    throw invalid(attribute.origin, `has a PKCS#11 URI with the attribute ${name} twice`);
  }
  if (place === 'path') names.add(name);
  vendor.push({ place, name, value: text(attribute) });
}

/** Refuses names that stand in the wrong part, are another tool's, or are misspelt: ignoring them is dangerous. */
function refuseMistaken({ place, name, origin }: Attribute): void {
  const elsewhere = place === 'path' ? 'query' : 'path';
  if (readers[elsewhere][name] !== undefined) {
    throw new RolesAnywhereError(
      'OPTION_MISPLACED',
      `${origin} has a PKCS#11 URI with ${name} ${place === 'path' ? 'before' : 'after'} its ?`,
      {
        hints: [
          elsewhere === 'query'
            ? `${name} belongs behind a question mark: pkcs11:token=…;object=…?${name}=…`
            : `${name} belongs before the question mark, after a semicolon: pkcs11:token=…;${name}=…`,
        ],
      },
    );
  }
  const meant = otherNames[name] ?? nearest(name, [...Object.keys(pathReaders), ...Object.keys(queryReaders)]);
  if (meant !== undefined) {
    throw invalid(origin, `has a PKCS#11 URI with the unknown attribute ${name}`, [`did you mean ${meant}`]);
  }
}

/** RFC 7512, section 2.3: pk11-pchar and pk11-qchar without pct-encoded. */
const allowed: Readonly<Record<Place, RegExp>> = {
  path: /^[A-Za-z0-9._~:[\]@!$'()*+,=&-]$/,
  query: /^[A-Za-z0-9._~:[\]@!$'()*+,=/?|-]$/,
};

function decode(attribute: Attribute): Buffer {
  const { place, name, encoded, origin } = attribute;
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at += 1) {
    const character = encoded.charAt(at);
    const hex = /^%([0-9A-Fa-f]{2})/.exec(encoded.slice(at, at + 3))?.[1];
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else if (allowed[place].test(character)) {
      bytes.push(character.charCodeAt(0));
    } else {
      throw invalid(origin, `has a PKCS#11 URI whose attribute ${name} holds ${describe(attribute, character)}`, [
        'every byte can be written as % and two hexadecimal digits, a blank as %20',
      ]);
    }
  }
  return Buffer.from(bytes);
}

/** Of a PIN not even one character is shown. */
function describe({ name, encoded }: Attribute, character: string): string {
  if (name === 'pin-value') return 'a character that must be percent-encoded';
  if (character === '%') return 'a % without two hexadecimal digits';
  const point = String.fromCodePoint(encoded.codePointAt(encoded.indexOf(character)) ?? 0);
  return point === ' '
    ? 'a blank, which is written %20'
    : `${JSON.stringify(point)}, which is written ${percent(point)}`;
}

function percent(character: string): string {
  return Buffer.from(character, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&');
}

function text(attribute: Attribute): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(decode(attribute));
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw error;
    throw invalid(attribute.origin, `has a PKCS#11 URI whose attribute ${attribute.name} is not UTF-8`);
  }
}

function notEmpty(attribute: Attribute): string {
  const value = text(attribute);
  if (value !== '') return value;
  throw invalid(attribute.origin, `has a PKCS#11 URI whose attribute ${attribute.name} is empty`);
}

/** `M` or `M.N`, one byte each; `M` alone means `M.0`. */
function version(attribute: Attribute): LibraryVersion {
  const [, major, minor = '0'] = /^(\d{1,3})(?:\.(\d{1,3}))?$/.exec(text(attribute)) ?? [];
  if (major !== undefined && Number(major) < 256 && Number(minor) < 256) {
    return { major: Number(major), minor: Number(minor) };
  }
  throw invalid(attribute.origin, 'has a PKCS#11 URI whose attribute library-version is not of the form 2 or 2.40');
}

function number(attribute: Attribute): bigint {
  const digits = text(attribute);
  if (/^\d{1,20}$/.test(digits)) return BigInt(digits);
  throw invalid(attribute.origin, `has a PKCS#11 URI whose attribute ${attribute.name} is not a decimal number`);
}

const objectTypes: readonly ObjectType[] = ['public', 'private', 'cert', 'secret-key', 'data'];

function objectType(attribute: Attribute): ObjectType {
  const name = text(attribute);
  const found = objectTypes.find((type) => type === name);
  if (found !== undefined) return found;
  throw invalid(attribute.origin, `has a PKCS#11 URI whose attribute type is none of ${objectTypes.join(', ')}`);
}

/** A name without folder and ending, to which the platform's ending is put (RFC 7512, section 2.4). */
function moduleName(attribute: Attribute): string {
  const name = notEmpty(attribute);
  if (!/[/\\]/.test(name)) return name;
  throw invalid(attribute.origin, 'has a PKCS#11 URI whose attribute module-name is a path', ['write module-path=…']);
}

function pinValue(attribute: Attribute): SecretSource {
  return { option: `pin-value of ${attribute.origin}`, kind: 'value', value: notEmpty(attribute) };
}

/** A `file:` URI or a path. RFC 7512 also allows `|command`; a URI that starts programs is not a place for a PIN. */
function pinSource(attribute: Attribute): SecretSource {
  const place = notEmpty(attribute);
  const option = `pin-source of ${attribute.origin}`;
  if (place.startsWith('|')) {
    throw invalid(
      attribute.origin,
      'has a PKCS#11 URI whose attribute pin-source is a command, and no command is run',
      ['give the PIN by a file: pin-source=file:/run/secrets/pin'],
    );
  }
  if (!/^file:/i.test(place)) return { option, kind: 'file', path: place };
  try {
    return { option, kind: 'file', path: fileURLToPath(place) };
  } catch (error) {
    throw new RolesAnywhereError(
      'OPTION_INVALID',
      `${attribute.origin} has a PKCS#11 URI whose attribute pin-source is not the URI of a local file`,
      { cause: error, hints: ['write file:/run/secrets/pin'] },
    );
  }
}

function invalid(origin: string, what: string, hints: readonly string[] = []): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `${origin} ${what}`, { hints });
}

/**
 * Writes a URI in the order of p11tool. Everything but letters, digits and `-._~` is percent-encoded, so that only the
 * `;` needs quotes in a shell. The PIN is left out, always: what is written here goes into messages.
 */
export function formatPkcs11Uri(uri: Pkcs11Uri): string {
  const path = [
    written('library-manufacturer', uri.libraryManufacturer),
    written('library-description', uri.libraryDescription),
    written('library-version', uri.libraryVersion && `${uri.libraryVersion.major}.${uri.libraryVersion.minor}`),
    written('slot-manufacturer', uri.slotManufacturer),
    written('slot-description', uri.slotDescription),
    written('slot-id', uri.slotId?.toString()),
    written('model', uri.model),
    written('manufacturer', uri.manufacturer),
    written('serial', uri.serial),
    written('token', uri.token),
    uri.id === undefined ? [] : [`id=${encodeBytes(uri.id)}`],
    written('object', uri.object),
    written('type', uri.type),
    vendorAttributes(uri, 'path'),
  ].flat();
  const query = [
    written('module-name', uri.moduleName),
    written('module-path', uri.modulePath),
    vendorAttributes(uri, 'query'),
  ].flat();
  return `pkcs11:${path.join(';')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function written(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${name}=${encodeText(value)}`];
}

function vendorAttributes(uri: Pkcs11Uri, place: VendorAttribute['place']): readonly string[] {
  return (uri.vendor ?? [])
    .filter((vendor) => vendor.place === place)
    .flatMap(({ name, value }) => written(name, value));
}

function encodeText(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => encodeBytes(Buffer.from(character)));
}

/** RFC 7512, section 2.3: the whole value of `id` should be percent-encoded. */
function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase().replace(/../g, '%$&');
}
