import { platform } from 'node:os';
import type * as nodeTls from 'node:tls';

import { readReason } from '../../core/fs/read-reason.ts';
import { isCertificate } from '../../runtime/node/certificate.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import { readCertificateFolder, readIfThere } from './certificate-folder.ts';
import { readPemCertificates } from './read-certificates.ts';

type Places = NonNullable<NetworkOptions['roots']>;
type Warn = (message: string) => void;

/** Node's own roots and those of SSL_CERT_FILE and SSL_CERT_DIR; undefined where these give none. */
export async function rootsBesideOwn(places: Places | undefined, warn?: Warn): Promise<readonly string[] | undefined> {
  const given = await givenRoots(places, warn);
  return given.length === 0 ? undefined : together(await ownRoots(places), given);
}

/** Those, and the system's. */
export async function everyRoot(places: Places | undefined): Promise<readonly string[]> {
  return together(await ownRoots(places), await givenRoots(places), await systemRoots(places));
}

async function givenRoots(places: Places | undefined, warn?: Warn): Promise<readonly string[]> {
  return [...(await fileRoots(places, warn)), ...(await folderRoots(places, warn))];
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

/** Slow to load in the executable. */
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
