import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Asks openssl whether a SHA-256 signature of the message is good for the key of this certificate (base64 DER). */
export function opensslVerifies(certificate: string, message: string, signatureHex: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'verify-'));
  const file = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  try {
    const leaf = file('leaf.der', Buffer.from(certificate, 'base64'));
    const key = execFileSync('openssl', ['x509', '-in', leaf, '-inform', 'DER', '-noout', '-pubkey']);
    const signature = file('signature', Buffer.from(signatureHex, 'hex'));
    const asked = ['-verify', file('key.pem', key), '-signature', signature, file('message', message)];
    const judged = spawnSync('openssl', ['dgst', '-sha256', ...asked], { encoding: 'utf8' });
    const verdict = judged.stdout.trim();
    if (verdict !== 'Verified OK' && verdict !== 'Verification failure') throw new Error(judged.stderr);
    return verdict === 'Verified OK';
  } finally {
    rmSync(folder, { recursive: true });
  }
}
