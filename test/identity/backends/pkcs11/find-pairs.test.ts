import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Candidate, findPairs } from '../../../../src/identity/backends/pkcs11/choose-pair.ts';
import type { TokenKey } from '../../../../src/identity/backends/pkcs11/token-objects.ts';
import { encodeUnsigned } from '../../../../src/identity/x509/der-writer.ts';
import { parseX509 } from '../../../../src/identity/x509/parse-certificate.ts';
import {
  certificateDer,
  type Issued,
  type KeyType,
  makeCa,
  makeFolder,
  makeLeaf,
  removeFolder,
} from '../../../support/openssl.ts';

/** What tokens tell of their keys differs more than SoftHSM lets one see. */
describe('which certificate belongs to a key of a token', () => {
  let folder: string;
  let ca: Issued;
  /** Two of each kind. */
  const leaves = new Map<KeyType, readonly [Issued, Issued]>();

  beforeAll(() => {
    folder = makeFolder();
    ca = makeCa(folder, 'ca');
    for (const keyType of ['rsa:2048', 'p256', 'p384'] as const) {
      const leaf = (name: string): Issued => makeLeaf(folder, `${name}-${keyType.replace(':', '-')}`, ca, { keyType });
      leaves.set(keyType, [leaf('one'), leaf('two')]);
    }
  });
  afterAll(() => removeFolder(folder));

  const leafOf = (keyType: KeyType, index: 0 | 1 = 0): Issued => {
    const leaf = leaves.get(keyType)?.[index];
    if (leaf === undefined) throw new Error(`no leaf of type ${keyType}`);
    return leaf;
  };
  const candidate = (leaf: Issued): Candidate => ({ certificate: parseX509(certificateDer(leaf.certificate)) });

  const privateKeys = new Map<TokenKey, KeyObject>();

  /** A key that tells nothing of its public half, unless `told` says otherwise. */
  function tokenKey(leaf: Issued, told: Partial<TokenKey> = {}): TokenKey {
    const privateKey = createPrivateKey(readFileSync(leaf.key));
    const { namedCurve } = privateKey.asymmetricKeyDetails ?? {};
    const key: TokenKey = {
      object: { read: async () => undefined },
      algorithm: namedCurve === undefined ? 'RSA' : 'ECDSA',
      orderBytes: namedCurve === undefined ? 0 : namedCurve === 'prime256v1' ? 32 : 48,
      id: Buffer.of(1),
      label: '',
      modulus: undefined,
      publicKeyInfo: undefined,
      alwaysAuthenticate: false,
      uri: {},
      ...told,
    };
    privateKeys.set(key, privateKey);
    return key;
  }

  /** Which of the candidates belong to a key, and how many signatures it took to know. */
  async function judge(leafs: readonly Issued[], keys: readonly TokenKey[], areTogether = false) {
    const candidates = leafs.map(candidate);
    let signatures = 0;
    const pairs = await findPairs(candidates, keys, {
      sign: async (key, message) => {
        signatures += 1;
        const privateKey = privateKeys.get(key);
        if (privateKey === undefined) throw new Error('a key of another token');
        return sign('sha256', message, privateKey);
      },
      areTogether: async () => areTogether,
    });
    return { found: pairs.map((pair) => candidates.indexOf(pair.candidate)), signatures };
  }

  test('a key of another algorithm or curve is known by that', async () => {
    for (const [certificate, key] of [
      ['p256', 'rsa:2048'],
      ['rsa:2048', 'p256'],
      ['p256', 'p384'],
      ['p384', 'p256'],
    ] as const) {
      expect(await judge([leafOf(certificate)], [tokenKey(leafOf(key))])).toEqual({ found: [], signatures: 0 });
    }
  });

  test('a modulus tells, with no public exponent beside it', async () => {
    const { n } = createPublicKey(readFileSync(leafOf('rsa:2048').certificate)).export({ format: 'jwk' });
    const key = tokenKey(leafOf('rsa:2048'), { modulus: encodeUnsigned(Buffer.from(String(n), 'base64url')) });
    expect(await judge([leafOf('rsa:2048')], [key])).toEqual({ found: [0], signatures: 0 });
    expect(await judge([leafOf('rsa:2048', 1)], [key])).toEqual({ found: [], signatures: 0 });
    expect(await judge([leafOf('rsa:2048', 1), leafOf('rsa:2048')], [key])).toEqual({ found: [1], signatures: 0 });
  });

  test.each(['rsa:2048', 'p256'] as const)(
    'one signature tells, of one certificate or of several: %s',
    async (type) => {
      const key = tokenKey(leafOf(type));
      expect(await judge([leafOf(type)], [key])).toEqual({ found: [0], signatures: 1 });
      expect(await judge([leafOf(type, 1)], [key])).toEqual({ found: [], signatures: 1 });
      expect(await judge([leafOf(type, 1), leafOf(type)], [key])).toEqual({ found: [1], signatures: 1 });
    },
  );

  test('none is made where the token puts the one key and the one certificate together', async () => {
    const key = tokenKey(leafOf('p256'));
    expect(await judge([leafOf('p256')], [key], true)).toEqual({ found: [0], signatures: 0 });
    expect(await judge([leafOf('p256'), leafOf('p256', 1)], [key], true)).toEqual({ found: [0], signatures: 1 });
  });

  test('none is made for one certificate where each would cost a PIN', async () => {
    const key = tokenKey(leafOf('p256'), { alwaysAuthenticate: true });
    expect(await judge([leafOf('p256')], [key])).toEqual({ found: [0], signatures: 0 });
    expect(await judge([leafOf('p256', 1), leafOf('p256')], [key])).toEqual({ found: [1], signatures: 1 });
  });
});
