import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  openTpmSigner,
  type TpmKeySource,
  type TpmOptions,
} from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import type { SecretSource } from '../../../../src/identity/identity.ts';
import type { Digest } from '../../../../src/identity/signer.ts';
import { openssl } from '../../../support/openssl.ts';
import type { Swtpm } from '../../../support/swtpm.ts';

export const message = Buffer.from('AWS4-X509-ECDSA-SHA256\n20260115T123456Z\nwhat is signed');

/** Options for a test TPM. */
export function at(tpm: Pick<Swtpm, 'tcti'>, options: TpmOptions = {}): TpmOptions {
  return { device: { text: tpm.tcti, option: '--tpm-device' }, ...options };
}

export function given(value: string, option = '--tpm-key-password'): SecretSource {
  return { kind: 'value', value, option };
}

/** What openssl says of a signature: `Verified OK`. It throws where it does not take it. */
export function verified(
  folder: string,
  publicKeyInfo: Uint8Array,
  signature: Uint8Array,
  digest: Digest = 'SHA-256',
): string {
  const base = mkdtempSync(join(folder, 'verify-'));
  const file = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(base, name), bytes);
    return join(base, name);
  };
  const key = file('key.der', publicKeyInfo);
  const arguments_ = [
    '-keyform',
    'DER',
    '-verify',
    key,
    '-signature',
    file('signature', signature),
    file('message', message),
  ];
  return openssl(['dgst', `-${digest.toLowerCase().replace('-', '')}`, ...arguments_])
    .toString()
    .trim();
}

/** Opens, signs, has openssl judge, and closes. Resolves to what openssl says. */
export async function signOnce(
  folder: string,
  source: TpmKeySource,
  options: TpmOptions,
  digest: Digest = 'SHA-256',
): Promise<string> {
  const key = await openTpmSigner(source, options, {});
  try {
    return verified(folder, key.publicKeyInfo, await key.signer.sign(message, digest), digest);
  } finally {
    await key.close();
  }
}
