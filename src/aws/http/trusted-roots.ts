import { platform } from 'node:os';
import { resolve } from 'node:path';
import type * as nodeTls from 'node:tls';

import { RolesAnywhereError } from '../../core/errors.ts';
import { readReason } from '../../core/fs/read-reason.ts';
import { isCertificate } from '../../runtime/node/certificate.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import { readCertificateFolder, readIfThere, readPemCertificates } from './read-certificates.ts';
import type { TransportOptions } from './transport.ts';

type Places = NonNullable<NetworkOptions['roots']>;
type Warn = (message: string) => void;
type Trusted = TransportOptions['ca'];

/**
 * What to trust at the first try: a CA bundle alone; or Node's own roots, and with them those of SSL_CERT_FILE and
 * SSL_CERT_DIR. Undefined: Node's own and no other, which cost nothing.
 *
 * @param warn told of a place that holds no certificate; the connection is tried without it
 * @throws RolesAnywhereError FILE_FAILED for the CA bundle
 */
export async function firstRoots({ caBundle, roots }: NetworkOptions, warn?: Warn): Promise<Trusted> {
  if (caBundle !== undefined) return readCaBundle(caBundle);
  const given = [...(await fileRoots(roots, warn)), ...(await folderRoots(roots, warn))];
  return given.length === 0 ? undefined : { pem: together(await ownRoots(roots), given) };
}

/**
 * What to trust when that was not enough, read afresh: the system's store besides, but for those parts of it that
 * SSL_CERT_FILE and SSL_CERT_DIR stand for. A CA bundle stands alone still.
 */
export async function allRoots({ caBundle, roots }: NetworkOptions): Promise<Trusted> {
  if (caBundle !== undefined) return readCaBundle(caBundle);
  const given = [...(await fileRoots(roots)), ...(await folderRoots(roots))];
  return { pem: together(await ownRoots(roots), given, await systemRoots(roots)) };
}

function together(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat().map((pem) => pem.trim()))];
}

/** Node's own roots and those of NODE_EXTRA_CA_CERTS: Node 20 tells the first alone. */
async function ownRoots({ extra }: Places = {}): Promise<readonly string[]> {
  const { rootCertificates } = await loadTls();
  return (await certificatesOf('default')) ?? [...rootCertificates, ...(extra ? await readIfThere(extra) : [])];
}

/** What the runtime trusts; Node tells since 22.15. */
async function certificatesOf(kind: 'default' | 'system'): Promise<readonly string[] | undefined> {
  const runtime: { readonly getCACertificates?: (kind: string) => string[] } & typeof nodeTls = await loadTls();
  return runtime.getCACertificates?.(kind);
}

/** Not needed for a CA bundle, and slow to load in the executable. */
const loadTls = () => import('node:tls');

async function fileRoots({ file }: Places = {}, warn?: Warn): Promise<readonly string[]> {
  if (!file) return [];
  try {
    const found = await readPemCertificates(file);
    if (found.some(isCertificate)) return found;
    warn?.(`SSL_CERT_FILE (${file}) holds no certificate in PEM, and is passed over`);
  } catch (error) {
    warn?.(`SSL_CERT_FILE (${file}) cannot be read, and is passed over: ${readReason(error)}`);
  }
  return [];
}

async function folderRoots({ folders }: Places = {}, warn?: Warn): Promise<readonly string[]> {
  if (!folders) return [];
  const found = await readFolders(folders.split(platform() === 'win32' ? ';' : ':'));
  if (!found.some(isCertificate)) warn?.(`SSL_CERT_DIR (${folders}) holds no certificate in PEM, and is passed over`);
  return found;
}

/** Where distributions keep the roots of their system, as Go's crypto/x509 has it (root_linux.go). */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Gentoo, Arch, NixOS
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/etc/pki/tls/cacert.pem', // OpenELEC
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // RHEL 7
  '/etc/ssl/cert.pem', // Alpine
];
const folders = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

/** On Linux from its files: to have Node collect the same takes it hundreds of milliseconds. */
async function systemRoots(places: Places = {}): Promise<readonly string[]> {
  if (platform() !== 'linux') return (await certificatesOf('system')) ?? [];
  return [...(places.file ? [] : await firstOf(bundles)), ...(places.folders ? [] : await readFolders(folders))];
}

async function readFolders(paths: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(paths.map(readCertificateFolder))).flat();
}

async function firstOf(paths: readonly string[]): Promise<readonly string[]> {
  for (const path of paths) {
    const found = await readIfThere(path);
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * The certificates that replace the default roots.
 *
 * @throws RolesAnywhereError FILE_FAILED
 */
export async function readCaBundle({
  path,
  option,
}: NonNullable<NetworkOptions['caBundle']>): Promise<TransportOptions['ca']> {
  const origin = `${option} (${resolve(path)})`;
  const pem = await readBundle(path, origin);
  // OpenSSL drops in silence what it cannot read, and would then trust nothing.
  if (pem.some(isCertificate)) return { pem, origin };
  throw new RolesAnywhereError('FILE_FAILED', `${origin} holds no certificate in PEM`, {
    hints: ['a CA bundle is one or more blocks that begin with -----BEGIN CERTIFICATE-----'],
  });
}

async function readBundle(path: string, origin: string): Promise<readonly string[]> {
  try {
    return await readPemCertificates(path);
  } catch (cause) {
    throw new RolesAnywhereError('FILE_FAILED', `${origin} cannot be read: ${readReason(cause)}`, { cause });
  }
}
