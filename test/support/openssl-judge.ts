import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../src/identity/signer.ts';

type Verify = (message: Uint8Array, signature: Uint8Array, digest: Digest) => boolean;

/** openssl as the judge of signatures, by a public key as DER. */
export function opensslJudge(folder: string, publicKeyInfo: Uint8Array): Verify {
  const [key, path] = [join(folder, 'judge.key'), join(folder, 'judge.signature')];
  return (message, signature, digest) => {
    writeFileSync(key, publicKeyInfo);
    writeFileSync(path, signature);
    const hash = `-${digest.replace('-', '').toLowerCase()}`;
    const args = ['dgst', hash, '-keyform', 'DER', '-verify', key, '-signature', path];
    const { stdout, stderr } = spawnSync('openssl', args, { input: message, encoding: 'utf8' });
    const verdict = stdout.trim();
    if (verdict !== 'Verified OK' && verdict !== 'Verification failure') throw new Error(stderr);
    return verdict === 'Verified OK';
  };
}
