import { createHash, verify, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignatureFormat, signString } from '../../../src/faces/inspect/sign-string.ts';
import type { IdentityContext } from '../../../src/identity/identity.ts';
import type { Digest } from '../../../src/identity/signer.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../../support/openssl.ts';

const context: IdentityContext = { now: () => new Date(), warn: () => undefined };
const keyTypes = ['rsa:2048', 'p256', 'p384', 'p521'] as const;
let folder: string;
const leaves: Record<string, Issued> = {};

beforeAll(() => {
  folder = makeFolder();
  const root = makeCa(folder, 'root');
  for (const keyType of keyTypes) leaves[keyType] = makeLeaf(folder, keyType.replace(':', '-'), root, { keyType });
});
afterAll(() => removeFolder(folder));

function leafOf(keyType: string): Issued {
  const leaf = leaves[keyType];
  if (leaf === undefined) throw new Error(`no leaf ${keyType}`);
  return leaf;
}

function sign(keyType: string, digest: Digest, format: SignatureFormat) {
  const privateKey = { option: '--private-key', kind: 'file', path: leafOf(keyType).key } as const;
  return signString({ key: { privateKey }, digest, format }, context);
}

/** The message as protocol reference 12.4 puts it together, with the public key by node:crypto. */
function messageFor(keyType: string): Buffer {
  const { publicKey } = new X509Certificate(readFileSync(leafOf(keyType).certificate));
  const bytes =
    publicKey.asymmetricKeyType === 'rsa'
      ? publicKey.export({ type: 'pkcs1', format: 'der' })
      : uncompressedPoint(publicKey.export({ format: 'jwk' }));
  const hash = createHash('sha256').update('IAM RA').update(bytes).digest();
  return Buffer.concat([Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1'), hash]);
}

function uncompressedPoint({ x = '', y = '' }: { x?: string; y?: string }): Buffer {
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

describe.each(keyTypes)('a key of type %s', (keyType) => {
  test.each(['SHA-256', 'SHA-384', 'SHA-512'] as const)(
    'signs the fixed message with %s; openssl agrees',
    async (digest) => {
      const hex = await sign(keyType, digest, 'text');
      expect(hex).toMatch(/^([0-9a-f]{2})+$/);
      const signature = Buffer.from(hex.toString(), 'hex');
      const { publicKey } = new X509Certificate(readFileSync(leafOf(keyType).certificate));
      expect(verify(digest, messageFor(keyType), publicKey, signature)).toBe(true);

      const paths = ['public.pem', 'message.bin', 'signature.bin'].map((name) => join(folder, name));
      writeFileSync(paths[0] ?? '', openssl(['x509', '-in', leafOf(keyType).certificate, '-noout', '-pubkey']));
      writeFileSync(paths[1] ?? '', messageFor(keyType));
      writeFileSync(paths[2] ?? '', signature);
      const judged = openssl([
        'dgst',
        `-${digest.replace('-', '').toLowerCase()}`,
        '-verify',
        paths[0] ?? '',
        '-signature',
        paths[2] ?? '',
        paths[1] ?? '',
      ]);
      expect(judged.toString()).toBe('Verified OK\n');
    },
  );
});

describe('formats', () => {
  test('hex in quotes, hex, bytes: the same signature, for RSA ones are deterministic', async () => {
    const json = await sign('rsa:2048', 'SHA-256', 'json');
    const text = await sign('rsa:2048', 'SHA-256', 'text');
    const bin = await sign('rsa:2048', 'SHA-256', 'bin');
    expect(json).toBe(`"${text.toString()}"`);
    expect(bin).toBeInstanceOf(Uint8Array);
    expect(Buffer.from(bin).toString('hex')).toBe(text);
    expect(bin).toHaveLength(256);
  });
});

describe('with a certificate', () => {
  test('the key must belong to it', async () => {
    const key = {
      certificate: { option: '--certificate', kind: 'file', path: leafOf('p256').certificate },
      privateKey: { option: '--private-key', kind: 'file', path: leafOf('p384').key },
    } as const;
    await expect(signString({ key, digest: 'SHA-256', format: 'text' }, context)).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
    });
  });
});
