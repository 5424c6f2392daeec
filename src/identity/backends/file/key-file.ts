import { openPrivateKey } from '../../x509/open-key.ts';
import { localKey } from './local-key.ts';
import type { PrivateKey } from '../../private-key.ts';
import type { FileContents } from './file-contents.ts';
import { isPem, pemBlocks } from './pem.ts';
import type { Lock } from './unlock.ts';

/**
 * Reads the private key of a file: the first one, where there are several; of a PKCS#12 all of them, and its
 * certificates.
 *
 * A plain PEM key goes to OpenSSL as it stands, so that it never becomes a string; everything else is left to a file
 * that is loaded only then.
 *
 * @param openTpmKey for a file that holds a key of the TPM
 * @throws Problem KEY_INVALID, KEY_UNSUPPORTED, or what `lock` and `openTpmKey` throw
 */
export async function readKeyFile(
  bytes: Buffer,
  lock: Lock,
  openTpmKey: (bytes: Buffer) => Promise<PrivateKey>,
): Promise<FileContents> {
  const key = readPlainPem(bytes);
  if (key !== undefined) return { certificates: [], damaged: [], keys: [key] };
  const { readAnyKeyFile } = await import('./key-forms.ts');
  return readAnyKeyFile(bytes, lock, openTpmKey);
}

const plainLabels: ReadonlySet<string> = new Set(['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']);

function readPlainPem(bytes: Buffer): PrivateKey | undefined {
  if (!isPem(bytes)) return undefined;
  const block = pemBlocks(bytes).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined || !plainLabels.has(block.label)) return undefined;
  const key = openPrivateKey(block.armoured);
  return key === undefined ? undefined : localKey(key);
}
