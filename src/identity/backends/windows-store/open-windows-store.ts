import { createHash } from 'node:crypto';
import type { KeySource } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import { locationOf } from '../sources.ts';
import type { StoredCertificate, SystemStore } from '../system-store/system-store.ts';
import { openStoreKey } from './store-key.ts';
import { openWindowsCalls, unavailable, wide, type WindowsCalls, type WindowsLibraries } from './windows-calls.ts';

type WindowsStoreSource = KeySource & { readonly kind: 'windows-store' };

/** wincrypt.h */
const systemProvider = 10n; // CERT_STORE_PROV_SYSTEM_W
const locations: Readonly<Record<WindowsStoreSource['location'], number>> = {
  CurrentUser: 0x1_0000,
  LocalMachine: 0x2_0000,
};
/** CERT_STORE_READONLY_FLAG, as a user may not write all; CERT_STORE_OPEN_EXISTING_FLAG, or a misspelt name makes a store. */
const openFlags = 0x8000 | 0x4000;
const properties = { keyProvider: 2, friendlyName: 11, keyHandle: 78 } as const;

/** Bytes of a CERT_CONTEXT on 64 bits: encoding, pointer to DER, length of DER, and what is not asked for. */
const contextSize = 24;

/**
 * Opens a store of Windows. Its own issuers are those of `CA` and `Root`: the user's show those of the machine, too.
 *
 * @param libraries as of openWindowsCalls
 * @throws RolesAnywhereError STORE_UNAVAILABLE
 */
export async function openWindowsStore(source: WindowsStoreSource, libraries?: WindowsLibraries): Promise<SystemStore> {
  const calls = await openWindowsCalls(source.option, libraries);
  const certificates = await readStore(calls, source.location, source.store);
  if (certificates === undefined) {
    throw unavailable(`${locationOf(source)} cannot be opened`, [
      'certutil -store names the stores of the machine, certutil -user -store your own',
    ]);
  }
  return {
    certificates,
    issuersOf: async () => [...(await readIssuers(calls, 'CA')), ...(await readIssuers(calls, 'Root'))],
    openKey: (one, use) => openStoreKey(calls, one, use),
    close: () => freeAll(calls, certificates),
  };
}

async function readIssuers(calls: WindowsCalls, name: string): Promise<readonly Certificate[]> {
  const found = (await readStore(calls, 'CurrentUser', name)) ?? [];
  freeAll(calls, found);
  return found.map(({ certificate }) => certificate);
}

/**
 * Every certificate of a store that can be read; the caller frees them. Opening one may wait for its provider.
 * @returns undefined where there is no such store, or it may not be opened
 */
async function readStore(
  calls: WindowsCalls,
  location: WindowsStoreSource['location'],
  name: string,
): Promise<readonly StoredCertificate[] | undefined> {
  const store = await calls.CertOpenStore.async(systemProvider, 0, null, locations[location] | openFlags, wide(name));
  if (store === 0n) return undefined;
  const found: StoredCertificate[] = [];
  // Each step frees the context of the one before.
  for (let context = 0n; (context = calls.CertEnumCertificatesInStore(store, context)) !== 0n;) {
    const one = readContext(calls, context);
    if (one !== undefined) found.push({ ...one, handle: calls.CertDuplicateCertificateContext(context) });
  }
  calls.CertCloseStore(store, 0);
  return found;
}

function freeAll(calls: WindowsCalls, found: readonly StoredCertificate[]): void {
  for (const { handle } of found) calls.CertFreeCertificateContext(handle);
}

function readContext(calls: WindowsCalls, context: bigint): Omit<StoredCertificate, 'handle'> | undefined {
  const fields = calls.read(context, contextSize);
  const der = calls.read(fields.readBigUInt64LE(8), fields.readUInt32LE(16));
  const certificate = parsed(der);
  if (certificate === undefined) return undefined;
  const property = (id: number): Buffer | undefined => propertyOf(calls, context, id);
  return {
    certificate,
    thumbprint: createHash('sha1').update(der).digest('hex'),
    friendlyName: property(properties.friendlyName)?.toString('utf16le').replace(/\0.*$/s, ''),
    hasKey: property(properties.keyProvider) !== undefined || property(properties.keyHandle) !== undefined,
  };
}

/** Stores hold what nobody could use, too. */
function parsed(der: Buffer): Certificate | undefined {
  try {
    return parseX509(der);
  } catch {
    return undefined;
  }
}

function propertyOf(calls: WindowsCalls, context: bigint, id: number): Buffer | undefined {
  const size = Buffer.alloc(4);
  if (calls.CertGetCertificateContextProperty(context, id, null, size) === 0) return undefined;
  const value = Buffer.alloc(size.readUInt32LE());
  if (calls.CertGetCertificateContextProperty(context, id, value, size) === 0) return undefined;
  return value.subarray(0, size.readUInt32LE());
}
