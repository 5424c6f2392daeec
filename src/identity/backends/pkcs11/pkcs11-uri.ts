import type { SecretSource } from '../../identity.ts';

export type ObjectType = 'public' | 'private' | 'cert' | 'secret-key' | 'data';

export interface LibraryVersion {
  readonly major: number;
  readonly minor: number;
}

/** An attribute that RFC 7512 does not know. It takes no part in the search. */
export interface VendorAttribute {
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

/**
 * Writes a URI in the order of p11tool. Everything but letters, digits and `-._~` is percent-encoded, so that only the
 * `;` needs quotes in a shell. The PIN is left out, always: what is written here goes into messages.
 */
export function formatPkcs11Uri(uri: Pkcs11Uri): string {
  const path = [
    attribute('library-manufacturer', uri.libraryManufacturer),
    attribute('library-description', uri.libraryDescription),
    attribute('library-version', uri.libraryVersion && `${uri.libraryVersion.major}.${uri.libraryVersion.minor}`),
    attribute('slot-manufacturer', uri.slotManufacturer),
    attribute('slot-description', uri.slotDescription),
    attribute('slot-id', uri.slotId?.toString()),
    attribute('model', uri.model),
    attribute('manufacturer', uri.manufacturer),
    attribute('serial', uri.serial),
    attribute('token', uri.token),
    uri.id === undefined ? [] : [`id=${encodeBytes(uri.id)}`],
    attribute('object', uri.object),
    attribute('type', uri.type),
    vendorAttributes(uri, 'path'),
  ].flat();
  const query = [
    attribute('module-name', uri.moduleName),
    attribute('module-path', uri.modulePath),
    vendorAttributes(uri, 'query'),
  ].flat();
  return `pkcs11:${path.join(';')}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function attribute(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${name}=${encodeText(value)}`];
}

function vendorAttributes(uri: Pkcs11Uri, place: VendorAttribute['place']): readonly string[] {
  return (uri.vendor ?? [])
    .filter((vendor) => vendor.place === place)
    .flatMap(({ name, value }) => attribute(name, value));
}

function encodeText(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => encodeBytes(Buffer.from(character)));
}

/** RFC 7512, section 2.3: the whole value of `id` should be percent-encoded. */
function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase().replace(/../g, '%$&');
}
