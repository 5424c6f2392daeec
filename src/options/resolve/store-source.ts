import { platform } from 'node:os';
import { RolesAnywhereError } from '../../core/errors.ts';
import { isObject, refuseUnknownKeys, whatIs } from '../../core/given-shape.ts';
import type { CertificateSelection, KeySource, SystemStoreSource } from '../../identity/identity.ts';
import { isUsageName } from '../../identity/x509/usage-names.ts';
import { attributesInText } from '../../identity/x509/name-text.ts';
import { shown } from '../parse/problems.ts';
import { attributesOf } from './store-attributes.ts';

type WindowsStoreSource = KeySource & { readonly kind: 'windows-store' };
type KeychainSource = KeySource & { readonly kind: 'keychain' };

type Part = keyof CertificateSelection;

/** How parts of a selection are called in the query of a URI. */
const uriNames: Readonly<Record<Part, string>> = {
  thumbprint: 'thumbprint',
  subject: 'subject',
  issuer: 'issuer',
  serial: 'serial',
  friendlyName: 'friendly-name',
  templateOid: 'template-oid',
  keyUsage: 'key-usage',
};

/** Every part by its name in this package; in the order in which messages name them. */
// eslint-disable-next-line typescript/no-unsafe-type-assertion -- the type of the table says so
const selectionParts = Object.keys(uriNames) as readonly Part[];

/** What each part has to look like, where not every text will do. */
const demands: { readonly [P in Part]?: readonly [isRight: (text: string) => boolean, demand: string] } = {
  thumbprint: [
    (text) => /^(?:[\da-f]{40}|[\da-f]{64})$/.test(text),
    'the 40 hexadecimal digits of a SHA-1, or 64 of a SHA-256',
  ],
  subject: [isName, 'a distinguished name such as CN=leaf,O=Example'],
  issuer: [isName, 'a distinguished name such as CN=ca,O=Example'],
  serial: [(text) => /^[\da-f]+$/i.test(text), 'hexadecimal digits'],
  templateOid: [(text) => /^\d+(?:\.\d+)+$/.test(text), 'an object identifier such as 1.3.6.1.4.1.311.21.8.1'],
  keyUsage: [(text) => text.split(',').every(isUsageName), 'key usages such as digitalSignature,clientAuth'],
};

function isName(text: string): boolean {
  return attributesInText(text) !== undefined;
}

/** As they are copied out of windows: with blanks or colons between, and with marks of direction that nobody sees. */
const writtenForms: { readonly [P in Part]?: (text: string) => string } = {
  thumbprint: (text) => text.replaceAll(/[\s:\u200E\u200F]/g, '').toLowerCase(),
  keyUsage: (text) => text.trim().replaceAll(/[\s,]+/g, ','),
};

/**
 * Puts each part into its form.
 *
 * @param nameOf what messages call a part
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function readSelection(given: ReadonlyMap<Part, string>, nameOf: (part: Part) => string): CertificateSelection {
  const parts = [...given].map(([part, written]) => {
    const text = writtenForms[part]?.(written) ?? written;
    const [isRight, demand] = demands[part] ?? [(one: string) => one !== '', 'a text that is not empty'];
    if (isRight(text)) return [part, text] as const;
    throw new RolesAnywhereError('OPTION_INVALID', `${nameOf(part)} must be ${demand}, not ${shown(written)}`);
  });
  return Object.fromEntries(parts);
}

/** Where a selection looks, besides what it selects. */
export interface StorePlace {
  readonly option: string;
  /** `MY`, or with its location: `LocalMachine\MY`. */
  readonly store: string | undefined;
  readonly keychain: string | undefined;
}

/**
 * The source of what is selected, in the stores that this system has.
 *
 * @throws RolesAnywhereError STORE_UNAVAILABLE, OPTION_INVALID
 */
export function storeSource(
  selection: CertificateSelection,
  { option, store, keychain }: StorePlace,
  system: string = platform(),
): SystemStoreSource {
  if (system === 'win32')
    return { option, kind: 'windows-store', ...windowsStore(store ?? 'MY', option), ...selection };
  if (system === 'darwin') {
    refuseFriendlyName(selection, option);
    return { option, kind: 'keychain', ...(keychain === undefined ? {} : { keychain }), ...selection };
  }
  throw new RolesAnywhereError(
    'STORE_UNAVAILABLE',
    `${option} selects a certificate of a store of Windows or a keychain of macOS, and this is ${system}`,
    {
      hints: ['give --certificate: a file, a PKCS#11 URI, spiffe:, or a file with --private-key in a TPM or an agent'],
    },
  );
}

/** What a program may say of a store: a selection, and where to look. */
const storeMembers = ['name', 'keychain', ...selectionParts];

/**
 * The source that a program's `{ store: … }` names.
 *
 * @param option what messages call the certificate
 * @throws RolesAnywhereError STORE_UNAVAILABLE, OPTION_INVALID, OPTION_UNKNOWN
 */
export function readStore(store: unknown, option: string, system?: string): SystemStoreSource {
  if (!isObject(store)) {
    throw new RolesAnywhereError('OPTION_INVALID', `${option}.store must be an object, not ${whatIs(store)}`);
  }
  refuseUnknownKeys(store, { known: storeMembers }, 'certificate.store.');
  const texts = new Map(
    Object.entries(store).flatMap(([name, value]) => textIn(value, `${option}.store.${name}`, name)),
  );
  const parts = selectionParts.flatMap((part) => {
    const text = texts.get(part);
    return text === undefined ? [] : [[part, text] as const];
  });
  const selection = readSelection(new Map(parts), (part) => `${option}.store.${part}`);
  return storeSource(selection, { option, store: texts.get('name'), keychain: texts.get('keychain') }, system);
}

function textIn(value: unknown, place: string, name: string): readonly (readonly [string, string])[] {
  if (value === undefined) return [];
  if (typeof value === 'string') return [[name, value]];
  throw new RolesAnywhereError('OPTION_INVALID', `${place} must be a string, not ${whatIs(value)}`);
}

function windowsStore(text: string, option: string): Pick<WindowsStoreSource, 'location' | 'store'> {
  const [, location, store = ''] = /^(?:(CurrentUser|LocalMachine)[\\/])?([\w -]+)$/i.exec(text) ?? [];
  if (store !== '') return { location: locationOf(location), store };
  throw new RolesAnywhereError('OPTION_INVALID', `${option} cannot be looked for in the store ${shown(text)}`, {
    hints: [String.raw`a store is called MY, or LocalMachine\MY where it is the machine's`],
  });
}

function locationOf(text = 'CurrentUser'): WindowsStoreSource['location'] {
  return text.toLowerCase() === 'localmachine' ? 'LocalMachine' : 'CurrentUser';
}

/** Keychains have labels, which no certificate brings along. */
function refuseFriendlyName({ friendlyName }: CertificateSelection, option: string): void {
  if (friendlyName === undefined) return;
  throw new RolesAnywhereError('OPTION_INVALID', `${option}: certificates of keychains have no friendly names`, {
    hints: ['select by subject, issuer, serial number or thumbprint'],
  });
}

/**
 * `cert:\LocalMachine\My\THUMBPRINT` as PowerShell names a certificate, or `cert:/LocalMachine/My?subject=…`
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseWindowsStore(text: string, option: string): WindowsStoreSource | undefined {
  const [, place, store = '', last, query = ''] =
    /^cert:[\\/]+(CurrentUser|LocalMachine)[\\/]([\w -]+)(?:[\\/]([\da-f]{40}))?(\?.*)?$/i.exec(text) ?? [];
  const given = attributesOf(query, Object.values(uriNames));
  if (store === '' || given === undefined || (last !== undefined && given.size > 0)) return undefined;
  const selection = ofQuery(last === undefined ? given : new Map([['thumbprint', last]]), option);
  return { option, kind: 'windows-store', location: locationOf(place), store, ...selection };
}

/**
 * `keychain:?subject=…`, with `path=` for one keychain alone
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseKeychain(text: string, option: string): KeychainSource | undefined {
  const given = attributesOf(text.slice('keychain:'.length), ['path', ...Object.values(uriNames)]);
  if (given === undefined) return undefined;
  const keychain = given.get('path');
  const selection = ofQuery(given, option);
  refuseFriendlyName(selection, option);
  return { option, kind: 'keychain', ...(keychain === undefined ? {} : { keychain }), ...selection };
}

function ofQuery(given: ReadonlyMap<string, string>, option: string): CertificateSelection {
  const parts = selectionParts.flatMap((part) => {
    const text = given.get(uriNames[part]);
    return text === undefined ? [] : [[part, text] as const];
  });
  return readSelection(new Map(parts), (part) => `${option}: ${uriNames[part]}`);
}
