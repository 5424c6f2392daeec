import { platform } from 'node:os';
import { RolesAnywhereError } from '../core/errors.ts';
import { openCertificateStore } from '../identity/open-identity.ts';
import { openCertificateFile } from '../identity/backends/file/open-files.ts';
import { isPem, pemBlocks } from '../identity/backends/file/pem.ts';
import { givesBytes } from '../identity/backends/sources.ts';
import type { BackendSettings, ByteSource, IdentityContext, KeySource, SecretSource } from '../identity/identity.ts';
import { sourceReader } from '../identity/read-source.ts';
import { readCertificateSource } from '../options/resolve/read-sources.ts';
import type { AuditPlace, CertificatePlace } from './places.ts';
import type { UnreadPlace } from './reported-certificate.ts';
import { serverChain } from './server-chain.ts';
import { filesBelow, isFolder, isRemoved } from './walk-folder.ts';

/** DER of a certificate, and where it is. */
export interface FoundCertificate {
  readonly place: string;
  readonly der: Uint8Array;
}

export interface FoundCertificates {
  readonly found: readonly FoundCertificate[];
  /** Of a folder: folders below, and files that look as if they held a certificate, that could not be read. */
  readonly unread: readonly UnreadPlace[];
}

/** What opening a place may take. */
export interface FindSettings extends BackendSettings {
  readonly keyPassword?: SecretSource;
}

/**
 * Every certificate of a place, in its order; nothing is judged.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, PASSWORD_*, PKCS11_*, STORE_*, SPIFFE_*, NETWORK_*, FILE_FAILED
 */
export async function certificatesAt(
  place: Exclude<CertificatePlace, AuditPlace>,
  settings: FindSettings,
  context: IdentityContext,
): Promise<FoundCertificates> {
  switch (place.kind) {
    case 'server':
      return all((await serverChain(place.url)).map((der) => ({ place: place.url.origin, der })));
    case 'system-stores':
      return inSystemStores(settings, context);
    case 'source':
      return inSource(place.source, settings, context);
  }
}

function all(found: readonly FoundCertificate[]): FoundCertificates {
  return { found, unread: [] };
}

/** Those in which programs find certificates that have a key. */
const systemStores: Readonly<Partial<Record<string, readonly string[]>>> = {
  win32: ['cert:/CurrentUser/My', 'cert:/LocalMachine/My'],
  darwin: ['keychain:'],
};

async function inSystemStores(settings: FindSettings, context: IdentityContext): Promise<FoundCertificates> {
  const texts = systemStores[platform()];
  if (texts === undefined) {
    throw new RolesAnywhereError('STORE_UNAVAILABLE', 'this system has no store of certificates that can be listed', {
      hints: ['name a folder, or a token by its pkcs11: URI'],
    });
  }
  const stores = texts.map((text) => readCertificateSource(text, 'store'));
  const results = await Promise.all(stores.map((source) => inSource(source, settings, context)));
  return all(results.flatMap(({ found }) => found));
}

async function inSource(
  source: KeySource,
  settings: FindSettings,
  context: IdentityContext,
): Promise<FoundCertificates> {
  const store = await openCertificateStore(source);
  if (store !== undefined) {
    const listed = await store.listCertificates({ ...settings, certificate: source }, context);
    return all(listed.map(({ certificate, uri }) => ({ place: uri, der: certificate.der })));
  }
  if (source.kind === 'file' && isFolder(source.path)) return inFolder(source.path, settings, context);
  if (!givesBytes(source)) throw new RolesAnywhereError('INTERNAL', `${source.kind} lists no certificates`);
  return inBytes(source, settings, context);
}

/** Nobody is asked for the password of each file. */
async function inFolder(
  folder: string,
  settings: FindSettings,
  { askSecret: _askSecret, ...context }: IdentityContext,
): Promise<FoundCertificates> {
  const found: FoundCertificate[] = [];
  const below = filesBelow(folder);
  const unread = [...below.unread];
  for (const path of below.files) {
    try {
      const source: ByteSource = { kind: 'file', path, option: path };
      if (!(await mayHoldCertificates(source, context))) continue;
      const inFile = await inBytes(source, settings, context);
      found.push(...inFile.found);
      unread.push(...inFile.unread);
    } catch (error) {
      if (!isRemoved(path)) unread.push({ place: path, error });
    }
  }
  return { found, unread };
}

const namedAsCertificate = /\.(?:crt|cer|cert|der|p12|pfx|p7b|p7c)$/i;

/** Not a key, a request or a text beside them. A file that is too large to be read is none either. */
async function mayHoldCertificates(
  source: ByteSource & { readonly kind: 'file' },
  context: IdentityContext,
): Promise<boolean> {
  if (namedAsCertificate.test(source.path)) return true;
  const reader = sourceReader(context);
  try {
    const { bytes } = await reader.read(source, 'CERTIFICATE_UNREADABLE');
    return isPem(bytes) && pemBlocks(bytes).some(({ label }) => /CERTIFICATE$|^PKCS7$/.test(label));
  } catch (error) {
    if (/\.pem$/i.test(source.path)) throw error;
    return false;
  } finally {
    reader.wipe();
  }
}

async function inBytes(
  source: ByteSource,
  { keyPassword }: FindSettings,
  context: IdentityContext,
): Promise<FoundCertificates> {
  const reader = sourceReader(context);
  try {
    const { certificates, damaged } = await openCertificateFile(source, { reader, password: keyPassword, context });
    const place = source.kind === 'file' ? source.path : source.option;
    return {
      found: certificates.map(({ der }) => ({ place, der: Uint8Array.from(der) })),
      unread: damaged.map(({ problem }) => ({ place, error: problemError(place, problem.message) })),
    };
  } finally {
    reader.wipe();
  }
}

function problemError(place: string, message: string): RolesAnywhereError {
  return new RolesAnywhereError('CERTIFICATE_INVALID', `${place} ${message}`);
}
