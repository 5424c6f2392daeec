import type { PrivateKey } from '../../private-key.ts';
import { paddedElement, tags } from '../../x509/der.ts';
import { explainBlocks, explainBytes, explainKind } from './explain-file.ts';
import { type FileContents, keyAlone } from './file-contents.ts';
import { derKind, keyKinds, kindInside, unwrapped } from './file-kind.ts';
import { checkWhole, decodePem, isPem, type PemBlock, pemBlocks, pemHeaders } from './pem.ts';
import { openPlain, unsupported } from './plain-key.ts';
import { type Lock, unlock } from './unlock.ts';

/** Opens a file whose key only the TPM can use. */
export type OpenTpmKey = (bytes: Buffer) => Promise<PrivateKey>;

/**
 * Every key file that is not plain PEM for OpenSSL: DER, PKCS#12, encrypted, ML-DSA where node:crypto has none, a key of
 * the TPM, any of it wrapped once more, and all that has to be refused with a reason.
 */
export async function readAnyKeyFile(bytes: Buffer, lock: Lock, openTpmKey: OpenTpmKey): Promise<FileContents> {
  const content = unwrapped(bytes);
  try {
    if (isPem(content)) return await readPem(content, lock, openTpmKey);
    if (content[0] !== tags.sequence) throw explainBytes(content, 'private key');
    return await readDer(content, lock, openTpmKey);
  } finally {
    if (content !== bytes) content.fill(0);
  }
}

async function readPem(bytes: Buffer, lock: Lock, openTpmKey: OpenTpmKey): Promise<FileContents> {
  const blocks = pemBlocks(bytes);
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks.find(holdsKey);
  if (block === undefined) {
    const [first] = blocks;
    throw explainBlocks(blocks, first && kindInside(first)?.kind, 'private key');
  }
  if (block.label === 'TSS2 PRIVATE KEY') return keyAlone(await openTpmKey(bytes));
  if (block.label === 'OPENSSH PRIVATE KEY') throw explainBlocks([block], undefined, 'private key');
  if (block.label === 'DSA PRIVATE KEY') throw unsupported('Roles Anywhere takes no signatures by DSA keys');
  checkWhole(block);
  if (pemHeaders(block).get('Proc-Type')?.startsWith('4,ENCRYPTED') === true) return readTraditional(block, lock);
  const der = decodePem(block);
  try {
    return await readDer(der, lock, openTpmKey);
  } finally {
    der.fill(0);
  }
}

/** Whatever its label says. */
function holdsKey(block: PemBlock): boolean {
  const inside = kindInside(block);
  inside?.der.fill(0);
  return inside !== undefined && (keyKinds.has(inside.kind) || inside.kind === 'pkcs12');
}

async function readTraditional(block: PemBlock, lock: Lock): Promise<FileContents> {
  const { decryptTraditional } = await import('./encrypted-key.ts');
  return keyAlone(await openPlain(await unlock(lock, async (password) => decryptTraditional(block, password))));
}

async function readDer(bytes: Buffer, lock: Lock, openTpmKey: OpenTpmKey): Promise<FileContents> {
  const kind = derKind(bytes);
  if (kind === 'pkcs12') return (await import('./pkcs12.ts')).readPkcs12('private key', bytes, { ...lock, what: '' });
  if (kind === 'tpm') return keyAlone(await openTpmKey(bytes));
  if (!keyKinds.has(kind)) throw explainKind(kind, 'private key');
  const der = paddedElement(bytes).encoded;
  if (kind !== 'encrypted') return keyAlone(await openPlain(Buffer.from(der)));
  const { decryptPkcs8 } = await import('./encrypted-key.ts');
  return keyAlone(await openPlain(await unlock(lock, (password) => decryptPkcs8(der, password))));
}
