import { localKey } from '../../identity/backends/file/local-key.ts';
import type { PemBlock } from '../../identity/backends/file/pem.ts';
import type { PrivateKey } from '../../identity/private-key.ts';
import { openPrivateKey } from '../../identity/x509/open-key.ts';

/**
 * The key of a block `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`, unless it is encrypted, damaged, or of a kind
 * that has to be looked at more closely. It goes to OpenSSL as it stands, so that it never becomes a string.
 */
// eslint-disable-next-line typescript/require-await -- it is asynchronous in Bun
export async function openPlainKey(block: PemBlock): Promise<PrivateKey | undefined> {
  const key = openPrivateKey(block.armoured);
  return key === undefined ? undefined : localKey(key);
}
