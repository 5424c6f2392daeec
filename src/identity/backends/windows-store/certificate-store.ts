import type { WindowsStoreSource } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import { wide, type WindowsCalls } from './windows-calls.ts';

/** wincrypt.h */
const systemProvider = 10n; // CERT_STORE_PROV_SYSTEM_W
const locations: Readonly<Record<WindowsStoreSource['location'], number>> = {
  CurrentUser: 0x1_0000,
  LocalMachine: 0x2_0000,
};
/** CERT_STORE_READONLY_FLAG, as a user may not write all; CERT_STORE_OPEN_EXISTING_FLAG, or a misspelt name makes a store. */
const openFlags = 0x8000 | 0x4000;
const properties = { keyProvider: 2, sha1: 3, friendlyName: 11, keyHandle: 78 } as const;

/** Bytes of a CERT_CONTEXT on 64 bits: encoding, pointer to DER, length of DER, and what is not asked for. */
const contextSize = 24;

/** A certificate of a store, open until it is freed. */
export interface StoredCertificate {
  readonly certificate: Certificate;
  /** 40 hexadecimal digits, in lower case. */
  readonly thumbprint: string;
  readonly friendlyName: string | undefined;
  readonly hasKey: boolean;
  /** PCCERT_CONTEXT */
  readonly context: bigint;
}

/**
 * Every certificate of a store that can be read; the caller frees them.
 * @returns undefined where there is no such store, or it may not be opened
 */
export function readStore(
  calls: WindowsCalls,
  location: WindowsStoreSource['location'],
  name: string,
): readonly StoredCertificate[] | undefined {
  const store = calls.CertOpenStore(systemProvider, 0, null, locations[location] | openFlags, wide(name));
  if (store === 0n) return undefined;
  const found: StoredCertificate[] = [];
  // Each step frees the context of the one before.
  for (let context = 0n; (context = calls.CertEnumCertificatesInStore(store, context)) !== 0n;) {
    const one = readContext(calls, context);
    if (one !== undefined) found.push({ ...one, context: calls.CertDuplicateCertificateContext(context) });
  }
  calls.CertCloseStore(store, 0);
  return found;
}

export function freeAll(calls: WindowsCalls, found: readonly StoredCertificate[]): void {
  for (const { context } of found) calls.CertFreeCertificateContext(context);
}

function readContext(calls: WindowsCalls, context: bigint): Omit<StoredCertificate, 'context'> | undefined {
  const fields = calls.read(context, contextSize);
  const der = calls.read(fields.readBigUInt64LE(8), fields.readUInt32LE(16));
  const certificate = parsed(der);
  if (certificate === undefined) return undefined;
  const property = (id: number): Buffer | undefined => propertyOf(calls, context, id);
  return {
    certificate,
    thumbprint: property(properties.sha1)?.toString('hex') ?? '',
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
