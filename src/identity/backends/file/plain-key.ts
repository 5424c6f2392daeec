import { Problem } from '../../problem.ts';
import type { PrivateKey } from '../../private-key.ts';
import { encodeElement } from '../../x509/der-writer.ts';
import { octetStringOf, onlyElement, sequenceOf, tags } from '../../x509/der.ts';
import { openPrivateKey } from '../../x509/open-key.ts';
import { describeAlgorithm, supportedKeys, whyUnsupported } from '../../x509/public-key.ts';
import { explainKind } from './explain-file.ts';
import { type DerKind, derKind } from './file-kind.ts';
import { localKey } from './local-key.ts';

/** Opens an unencrypted key and wipes what it was read from. */
export async function openPlain(der: Buffer): Promise<PrivateKey> {
  try {
    return await openDer(der, derKind(der));
  } finally {
    der.fill(0);
  }
}

async function openDer(der: Buffer, kind: DerKind): Promise<PrivateKey> {
  if (kind === 'pkcs8') return openPkcs8(der);
  if (kind === 'dsa') throw unsupported('Roles Anywhere takes no signatures by DSA keys');
  if (kind === 'tpm') return fail('holds a TPM key inside of another form');
  if (kind === 'encrypted') return fail('holds a private key that is encrypted twice');
  if (kind !== 'pkcs1' && kind !== 'sec1') throw explainKind(kind, 'private key');
  return tryNode(der, kind) ?? fail('holds a private key that cannot be read');
}

/** PrivateKeyInfo ::= SEQUENCE { version, privateKeyAlgorithm, privateKey OCTET STRING, … } (RFC 5958, section 2) */
async function openPkcs8(der: Buffer): Promise<PrivateKey> {
  const [, algorithm, privateKey] = sequenceOf(onlyElement(der));
  const description = describeAlgorithm(algorithm);
  if (description.family === 'other') throw unsupported(whyUnsupported(description));
  // Version 2 may carry the public key, and OpenSSL 3.0 does not read it.
  const versionOne = encodeElement(
    tags.sequence,
    encodeElement(tags.integer, Buffer.of(0)),
    algorithm?.encoded ?? Buffer.of(),
    privateKey?.encoded ?? Buffer.of(),
  );
  try {
    const key = tryNode(versionOne, 'pkcs8');
    if (key !== undefined) return key;
  } finally {
    versionOne.fill(0);
  }
  if (description.family !== 'ML-DSA') return fail('holds a private key that cannot be read');
  const { openMlDsaKey } = await import('./ml-dsa-key.ts');
  return openMlDsaKey(description.name, octetStringOf(privateKey));
}

function tryNode(der: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1'): PrivateKey | undefined {
  const key = openPrivateKey({ key: der, format: 'der', type });
  return key === undefined ? undefined : localKey(key);
}

export function unsupported(reason: string): Problem {
  return new Problem(`cannot be used: ${reason}`, 'KEY_UNSUPPORTED', { hints: [supportedKeys] });
}

function fail(message: string): never {
  throw new Problem(message, 'KEY_INVALID');
}
