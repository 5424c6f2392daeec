import { Problem } from '../../problem.ts';
import type { ByteSource } from '../../identity.ts';
import { locationOf } from '../sources.ts';
import type { CertificateContents } from './file-contents.ts';
import type { DerKind } from './file-kind.ts';
import type { PemBlock } from './pem.ts';

/** What a file was given for. */
export type Wanted = 'certificate' | 'private key';

const request = ['a certificate request', 'send it to a CA: the certificate that comes back belongs here'] as const;
const privateKey = ['a private key', 'give it with --private-key, and its certificate with --certificate'] as const;

/** What DER is instead, and what to do. */
const kinds: Readonly<Partial<Record<DerKind, readonly [what: string, hint?: string]>>> = {
  certificate: ['a certificate', 'give the file of the private key with --private-key'],
  pkcs7: ['certificates alone (PKCS#7)', 'give the file of the private key with --private-key'],
  request,
  revocations: ['a list of revoked certificates'],
  'public-key': ['a public key', 'give the private key, whose public half this is'],
  pkcs8: privateKey,
  pkcs1: privateKey,
  sec1: privateKey,
  dsa: privateKey,
  tpm: privateKey,
  encrypted: privateKey,
};

const putty = [
  "a key in PuTTY's own format",
  'write a copy of it as PKCS#8: puttygen FILE -O private-openssh -o COPY && ssh-keygen -p -m PKCS8 -f COPY',
] as const;
const openSsh = [
  "a key in OpenSSH's own format",
  'write a copy of it as PKCS#8: ssh-keygen -p -m PKCS8 -f COPY',
] as const;
const javaKeystore = [
  'a Java keystore',
  'make it PKCS#12: keytool -importkeystore -srckeystore FILE -destkeystore NEW.p12 -deststoretype PKCS12',
] as const;

/** What is neither PEM nor DER, by how it begins, in Latin-1. */
const beginnings: readonly (readonly [start: string, what: string, hint: string])[] = [
  ['\u00fe\u00ed\u00fe\u00ed', ...javaKeystore],
  ['\u00ce\u00ce\u00ce\u00ce', ...javaKeystore],
  ['PuTTY-User-Key-File-', ...putty],
  ['openssh-key-v1', ...openSsh],
  ...['ssh-rsa ', 'ssh-ed25519 ', 'ecdsa-sha2-', '---- BEGIN SSH2 PUBLIC KEY'].map(
    (start) => [start, 'a public key of OpenSSH', 'the private key mostly has the same name without .pub'] as const,
  ),
  [
    'SQLite format 3',
    'a database, of NSS perhaps',
    'take certificate and key out of it: pk12util -d FOLDER -n NICKNAME -o NEW.p12',
  ],
  ['{', 'JSON', 'a JSON Web Key must be written as PEM'],
];

const formatHints: Readonly<Record<Wanted, string>> = {
  certificate: 'give a file with a certificate: PEM, DER, PKCS#12 or PKCS#7',
  'private key': 'give the file of the private key with --private-key',
};

/** DER that is something else than was wanted. */
export function explainKind(kind: DerKind, wanted: Wanted): Problem {
  const [what, hint = formatHints[wanted]] = kinds[kind] ?? [];
  const message =
    what === undefined
      ? `holds no ${wanted} that can be recognised`
      : `holds ${what}, where ${wanted === 'certificate' ? 'a certificate' : (inPlaceOfKey[kind] ?? 'a private key')} belongs`;
  return new Problem(message, codeFor(wanted), { hints: [hint] });
}

const inPlaceOfKey: Readonly<Partial<Record<DerKind, string>>> = {
  certificate: 'its private key',
  'public-key': 'the private one',
};

/** Neither PEM nor DER. */
export function explainBytes(bytes: Buffer, wanted: Wanted): Problem {
  const text = bytes.toString('latin1', 0, 64).trimStart();
  const [, what, hint] = beginnings.find(([start]) => text.startsWith(start)) ?? [];
  if (what !== undefined && hint !== undefined) {
    const code = wanted === 'certificate' ? undefined : 'KEY_UNSUPPORTED';
    return new Problem(`holds ${what}`, code, { hints: [hint] });
  }
  const message = wanted === 'certificate' ? 'is neither PEM nor DER' : 'holds no private key, neither PEM nor DER';
  return new Problem(message, codeFor(wanted), { hints: [formatHints[wanted]] });
}

/** PEM whose blocks are all something else. */
export function explainBlocks(blocks: readonly PemBlock[], kind: DerKind | undefined, wanted: Wanted): Problem {
  const labels = [...new Set(blocks.map(({ label }) => label))];
  if (labels.includes('OPENSSH PRIVATE KEY')) {
    return new Problem(`holds ${openSsh[0]}`, wanted === 'certificate' ? undefined : 'KEY_UNSUPPORTED', {
      hints: [openSsh[1]],
    });
  }
  const [, hint = formatHints[wanted]] = (kind && kinds[kind]) ?? [];
  const found = labels.slice(0, 5).join(', ') || 'nothing that can be read';
  return new Problem(`holds no ${wanted}, but ${found}`, codeFor(wanted), { hints: [hint] });
}

function codeFor(wanted: Wanted): 'KEY_INVALID' | undefined {
  return wanted === 'certificate' ? undefined : 'KEY_INVALID';
}

export function misplacedPkcs12(): Problem {
  return new Problem('is a PKCS#12 file, which can be given as --certificate only', undefined, {
    hints: ['take the certificates out of it: openssl pkcs12 -nokeys -in FILE -out chain.pem'],
  });
}

/** Says of damaged bytes what would have done in their place. */
export function withFormats({ message, code }: Problem): Problem {
  return new Problem(message, code, { hints: [formatHints.certificate] });
}

/**
 * Says of a file with a private key that others may read it, or replace it.
 * @param mode undefined on Windows, where the access list says so
 */
export async function warnOfOthers(
  source: ByteSource & { readonly kind: 'file' },
  mode: number | undefined,
  warn: (message: string) => void,
): Promise<void> {
  const location = locationOf(source);
  if (mode !== undefined) return warn(`${location} holds a private key that others ${byMode(mode)} ${source.path}`);
  const { openAccessLists } = await import('../../../core/fs/access-lists.ts');
  const doubt = (await openAccessLists(warn))?.doubt(source.path, 'private');
  if (doubt !== undefined) warn(`${location} holds a private key, and ${doubt.text}: ${doubt.mending}`);
}

function byMode(mode: number): string {
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  const rights = [(mode & 0o044) === 0 ? [] : ['read'], (mode & 0o022) === 0 ? [] : ['write']].flat().join(' and ');
  return `may ${rights} (mode ${bits}): chmod 600`;
}

const issuedNothing = 'holds none of the certificates that issued the leaf';

/** Of intermediates that issued nothing. A damaged one may be the one that is missing. */
export function strangers(source: ByteSource, { damaged }: CertificateContents): string {
  const also = damaged.map(({ problem }) => `, and ${problem.message}`).join('');
  return `${locationOf(source)} ${issuedNothing}${also}`;
}

/** Whether a warning is that of `strangers`. */
export function isOfStrangers(warning: string): boolean {
  return warning.includes(issuedNothing);
}

/** Of damaged certificates: a line for each. */
export function passedOver(source: ByteSource, { damaged }: CertificateContents): readonly string[] {
  return damaged.map(({ problem }) => `${locationOf(source)} ${problem.message}; it is passed over`);
}
