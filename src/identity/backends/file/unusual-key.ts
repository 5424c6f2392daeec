import { Problem } from '../../problem.ts';
import { encodeElement } from '../../x509/der-writer.ts';
import { octetStringOf, onlyElement, paddedElement, sequenceOf, tags } from '../../x509/der.ts';
import { openPrivateKey } from '../../x509/open-key.ts';
import { supportedKeys, whyUnsupported } from '../../x509/public-key-names.ts';
import { describeAlgorithm } from '../../x509/public-key.ts';
import { decryptPkcs8 } from './decrypt-pkcs8.ts';
import { textFault } from './explain-certificate.ts';
import { keyStructure, type KeyStructure } from './key-structure.ts';
import { localKey } from './local-key.ts';
import type { PrivateKey } from '../../private-key.ts';
import { checkWhole, decodePem, isPem, type PemBlock, pemBlocks, pemHeaders } from './pem.ts';
import { type Lock, unlock } from './unlock.ts';

/**
 * Every key file that is not plain PEM for OpenSSL: DER, encrypted, ML-DSA where node:crypto has none, and all that
 * has to be refused with a reason.
 */
export async function readUnusualKey(
  bytes: Buffer,
  lock: Lock,
  openTpmKey: () => Promise<PrivateKey>,
): Promise<PrivateKey> {
  if (isTpmKey(bytes)) return openTpmKey();
  return isPem(bytes) ? readPemKey(bytes, lock) : readDerKey(bytes, lock);
}

/** A TSS2 PRIVATE KEY, where it is the first private key of its file. */
function isTpmKey(bytes: Buffer): boolean {
  if (!isPem(bytes)) return bytes[0] === tags.sequence && keyStructure(bytes) === 'tpm';
  return pemBlocks(bytes).find(({ label }) => label.endsWith('PRIVATE KEY'))?.label === 'TSS2 PRIVATE KEY';
}

async function readPemKey(bytes: Buffer, lock: Lock): Promise<PrivateKey> {
  const blocks = pemBlocks(bytes);
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw noKey(blocks);
  refuseLabel(block.label);
  checkWhole(block);
  if (pemHeaders(block).get('Proc-Type')?.startsWith('4,ENCRYPTED') === true) return readTraditional(block, lock);
  const der = decodePem(block);
  try {
    return await readDerKey(der, lock);
  } finally {
    der.fill(0);
  }
}

async function readTraditional(block: PemBlock, lock: Lock): Promise<PrivateKey> {
  const { decryptTraditional } = await import('./decrypt-traditional.ts');
  return openPlain(await unlock(lock, async (password) => decryptTraditional(block, password)));
}

async function readDerKey(der: Buffer, lock: Lock): Promise<PrivateKey> {
  if (der[0] !== tags.sequence) {
    throw new Problem(`holds no private key, neither PEM nor DER${textFault(der)}`, 'KEY_INVALID');
  }
  const key = paddedElement(der).encoded;
  return keyStructure(key) === 'encrypted'
    ? openPlain(await unlock(lock, (password) => decryptPkcs8(key, password)))
    : openPlain(Buffer.from(key));
}

/** Opens an unencrypted key and wipes what it was read from. */
export async function openPlain(der: Buffer): Promise<PrivateKey> {
  try {
    return await openDer(der, keyStructure(der));
  } finally {
    der.fill(0);
  }
}

async function openDer(der: Buffer, structure: KeyStructure): Promise<PrivateKey> {
  if (structure === 'pkcs8') return openPkcs8(der);
  if (structure === 'dsa') throw unsupported('Roles Anywhere takes no signatures by DSA keys');
  if (structure === 'tpm') return fail('holds a TPM key inside of another form');
  if (structure !== 'pkcs1' && structure !== 'sec1') return fail(misplaced[structure]);
  return tryNode(der, structure) ?? fail('holds a private key that cannot be read');
}

const misplaced = {
  encrypted: 'holds a private key that is encrypted twice',
  'public-key': 'holds a public key, where the private one belongs',
  certificate: 'holds a certificate, where its private key belongs',
} as const;

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

function refuseLabel(label: string): void {
  if (label === 'DSA PRIVATE KEY') throw unsupported('Roles Anywhere takes no signatures by DSA keys');
  if (label === 'OPENSSH PRIVATE KEY') {
    throw new Problem("holds a key in OpenSSH's own format", 'KEY_UNSUPPORTED', {
      hints: ['write a copy of it as PKCS#8: ssh-keygen -p -m PKCS8 -f COPY'],
    });
  }
}

function noKey(blocks: readonly PemBlock[]): Problem {
  const labels = [...new Set(blocks.map(({ label }) => label))].join(', ');
  return new Problem(`holds no private key, but ${labels || 'nothing that can be read'}`, 'KEY_INVALID', {
    hints: ['give the file of the private key with --private-key'],
  });
}

function unsupported(reason: string): Problem {
  return new Problem(`cannot be used: ${reason}`, 'KEY_UNSUPPORTED', { hints: [supportedKeys] });
}

function fail(message: string): never {
  throw new Problem(message, 'KEY_INVALID');
}
