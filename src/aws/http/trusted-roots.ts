import { describeError } from '../../core/describe-error.ts';
import { platform } from 'node:os';
import * as tls from 'node:tls';

import { isCertificate, readCaBundle } from './ca-bundle.ts';
import { readCertificateFolder, readCertificates, readIfThere } from './read-certificates.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
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
export function firstRoots({ caBundle, roots }: NetworkOptions, warn?: Warn): Trusted {
  if (caBundle !== undefined) return readCaBundle(caBundle);
  const given = [...fileRoots(roots, warn), ...folderRoots(roots, warn)];
  return given.length === 0 ? undefined : { pem: together(ownRoots(roots), given) };
}

/**
 * What to trust when that was not enough, read afresh: the system's store besides, but for those parts of it that
 * SSL_CERT_FILE and SSL_CERT_DIR stand for. A CA bundle stands alone still.
 */
export function allRoots({ caBundle, roots }: NetworkOptions): Trusted {
  if (caBundle !== undefined) return readCaBundle(caBundle);
  const given = [...fileRoots(roots), ...folderRoots(roots)];
  return { pem: together(ownRoots(roots), given, systemRoots(roots)) };
}

function together(...lists: readonly (readonly string[])[]): string[] {
  return [...new Set(lists.flat().map((pem) => pem.trim()))];
}

/** Node's own roots and those of NODE_EXTRA_CA_CERTS: Node 20 tells the first alone. */
function ownRoots({ extra }: Places = {}): readonly string[] {
  return certificatesOf('default') ?? [...tls.rootCertificates, ...(extra ? readIfThere(extra) : [])];
}

/** What the runtime trusts; Node tells since 22.15. */
function certificatesOf(kind: 'default' | 'system'): readonly string[] | undefined {
  const runtime: { readonly getCACertificates?: (kind: string) => string[] } & typeof tls = tls;
  return runtime.getCACertificates?.(kind);
}

function fileRoots({ file }: Places = {}, warn?: Warn): readonly string[] {
  if (!file) return [];
  try {
    const found = readCertificates(file);
    if (found.some(isCertificate)) return found;
    warn?.(`SSL_CERT_FILE (${file}) holds no certificate in PEM, and is passed over`);
  } catch (error) {
    warn?.(`SSL_CERT_FILE (${file}) cannot be read, and is passed over: ${describeError(error).message}`);
  }
  return [];
}

function folderRoots({ folders }: Places = {}, warn?: Warn): readonly string[] {
  if (!folders) return [];
  const found = folders.split(platform() === 'win32' ? ';' : ':').flatMap(readCertificateFolder);
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
function systemRoots(places: Places = {}): readonly string[] {
  if (platform() !== 'linux') return certificatesOf('system') ?? [];
  return [...(places.file ? [] : firstOf(bundles)), ...(places.folders ? [] : folders.flatMap(readCertificateFolder))];
}

function firstOf(paths: readonly string[]): readonly string[] {
  for (const path of paths) {
    const found = readIfThere(path);
    if (found.length > 0) return found;
  }
  return [];
}
