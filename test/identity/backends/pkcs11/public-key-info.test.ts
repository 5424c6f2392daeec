import { createPublicKey, ECDH, type KeyObject } from 'node:crypto';
import * as fc from '../../../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPkcs11Signer } from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import { ecPublicKeyInfo } from '../../../../src/identity/backends/pkcs11/token-objects.ts';
import { verifySignature } from '../../../../src/identity/x509/verify-signature.ts';
import { generatedKeys } from '../../../support/generated-keys.ts';
import { makeFolder, removeFolder } from '../../../support/openssl.ts';
import { optionsWith, personWho, privateKeyAt } from '../../../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, type SoftHsm } from '../../../support/softhsm.ts';

/** The first byte of X with which the point `04 X Y` reads as a whole OCTET STRING. */
const curves = [
  { name: 'prime256v1', parameters: '06082a8648ce3d030107', size: 32, mistakable: 0x3f },
  { name: 'secp384r1', parameters: '06052b81040022', size: 48, mistakable: 0x5f },
  { name: 'secp521r1', parameters: '06052b81040023', size: 66, mistakable: undefined },
] as const;

type Curve = (typeof curves)[number];

/** One key in 256 of two of the curves is of this kind. */
function makeMistakable({ name, mistakable }: Curve): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  for (;;) {
    const pair = generatedKeys(name);
    if (mistakable === undefined || pointOf(pair.publicKey)[1] === mistakable) return pair;
  }
}

/** 04 ‖ X ‖ Y */
function pointOf(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(0x04), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

function octetString(contents: Buffer): Buffer {
  const length = contents.length < 0x80 ? [contents.length] : [0x81, contents.length];
  return Buffer.concat([Buffer.of(0x04, ...length), contents]);
}

describe.each(curves)('CKA_EC_POINT of $name', (curve) => {
  const { publicKey } = makeMistakable(curve);
  const point = pointOf(publicKey);
  const compressed = Buffer.from(ECDH.convertKey(point, curve.name, undefined, 'hex', 'compressed').toString(), 'hex');
  const parameters = Buffer.from(curve.parameters, 'hex');

  test.each([
    ['in an OCTET STRING', octetString(point)],
    ['as it is', point],
    ['X and Y alone', point.subarray(1)],
    ['X and Y in an OCTET STRING', octetString(point.subarray(1))],
    ['compressed', compressed],
    ['compressed in an OCTET STRING', octetString(compressed)],
  ])('%s', (_form, value) => {
    const info = ecPublicKeyInfo(value, parameters);
    expect(createPublicKey({ key: Buffer.from(info ?? []), type: 'spki', format: 'der' }).equals(publicKey)).toBe(true);
  });

  test('that is none', () => {
    const elsewhere = Buffer.from(point);
    elsewhere.writeUInt8(elsewhere.readUInt8(point.length - 1) ^ 1, point.length - 1);
    const values = [elsewhere, octetString(elsewhere), point.subarray(0, -1), Buffer.concat([point, Buffer.of(0)])];
    for (const value of [...values, Buffer.of(), Buffer.of(0x04)]) {
      expect(ecPublicKeyInfo(value, parameters)).toBeUndefined();
    }
  });

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 140 }), fc.constantFrom(0, 2, 3, 4), (bytes, first) => {
        const value = Buffer.concat([Buffer.of(first), bytes]);
        const info = ecPublicKeyInfo(value, parameters);
        if (info !== undefined) createPublicKey({ key: Buffer.from(info), type: 'spki', format: 'der' });
      }),
      { numRuns: 500 },
    );
  });
});

describe('a token that shows points without OCTET STRING', needsSoftHsm(), () => {
  const folder = makeFolder();
  let softHsm: SoftHsm;
  beforeAll(() => {
    softHsm = makeSoftHsm(folder);
  });
  afterAll(() => removeFolder(folder));

  test.each(curves)('signs with a key on $name', async (curve) => {
    const { name, parameters } = curve;
    const { privateKey, publicKey } = makeMistakable(curve);
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const token = softHsm.makeToken(name);
    const common = [
      { type: 0x1, value: true },
      { type: 0x100, value: 3 },
      { type: 0x102, value: Buffer.of(1) },
      { type: 0x3, value: 'raw' },
      { type: 0x180, value: Buffer.from(parameters, 'hex') },
    ];
    const secret = { type: 0x11, value: Buffer.from(d, 'base64url') };
    token.addObject([
      { type: 0x0, value: 3 },
      { type: 0x2, value: true },
      { type: 0x108, value: true },
      ...common,
      secret,
    ]);
    token.addObject([
      { type: 0x0, value: 2 },
      { type: 0x2, value: false },
      ...common,
      { type: 0x181, value: pointOf(publicKey) },
    ]);
    const source = { privateKey: privateKeyAt(`pkcs11:token=${name};object=raw?pin-value=1234`) };
    const key = await openPkcs11Signer(source, optionsWith(), personWho());
    const message = Buffer.from('message');
    const signature = await key.signer.sign(message);
    expect(await verifySignature(key.publicKeyInfo, { message, signature })).toBe(true);
    await key.close();
  });
});
