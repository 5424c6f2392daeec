import { createHash, verify, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SignatureFormat, signString } from '../../../src/outputs/inspect/sign-string.ts';
import { root } from '../../support/command.ts';
import { parseX509 } from '../../../src/identity/x509/parse-certificate.ts';
import type { IdentityContext } from '../../../src/identity/identity.ts';
import type { Digest } from '../../../src/identity/signer.ts';
import {
  certificateDer,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  openssl,
  removeFolder,
} from '../../support/openssl.ts';

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

describe('an ML-DSA key', () => {
  const made = join(root, 'certs-fixtures', 'made');
  const sets = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 };

  test.each(Object.entries(sets))('%s signs the message without the hash of its public key', async (name, set) => {
    const file = (suffix: string): string => join(made, `${name.toLowerCase()}-${suffix}`);
    const privateKey = { option: '--private-key', kind: 'file', path: file('seed.key') } as const;
    const signature = await signString({ key: { privateKey }, digest: 'SHA-512', format: 'bin' }, context);
    const der = certificateDer(file('by-ec.pem'));
    const info = parseX509(der).publicKeyInfo;
    // The key is the end of its SubjectPublicKeyInfo (RFC 9881, section 4).
    const publicKey = info.subarray(info.length - (set.lengths.publicKey ?? 0));
    const message = Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1');
    expect(set.verify(Buffer.from(signature), message, publicKey)).toBe(true);
  });
});
