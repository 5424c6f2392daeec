import { readFileSync } from 'node:fs';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, test } from 'vitest';
import { openMlDsaKey } from '../../../../src/identity/backends/file/ml-dsa-key.ts';
import { decodePem, pemBlocks } from '../../../../src/identity/backends/file/pem.ts';
import { openIdentity, openSigner } from '../../../../src/identity/open-identity.ts';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';
import { octetStringOf, onlyElement, sequenceOf } from '../../../../src/identity/x509/der.ts';
import { publicKeyBytes } from '../../../../src/identity/x509/public-key.ts';
import { rejectionOf } from '../../../support/thrown.ts';
import { bytes, password, recordingContext } from '../../given.ts';

const schemes = { 44: ml_dsa44, 65: ml_dsa65, 87: ml_dsa87 } as const;
const sets = [44, 65, 87] as const;
const forms = ['seed', 'expanded', 'both'] as const;
const message = Buffer.from('to be signed');
const octets = (content: Uint8Array): Buffer => encodeElement(0x04, content);

const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../../certs-fixtures/made/${name}`, import.meta.url));

/** The ML-DSA-PrivateKey inside a PKCS#8 file. */
function privateKeyOf(name: string): Uint8Array {
  const [block] = pemBlocks(fixture(name));
  if (block === undefined) throw new Error('no block');
  return octetStringOf(sequenceOf(onlyElement(decodePem(block)))[2]);
}

describe.each(sets)('ML-DSA-%i', (set) => {
  test.each(['seed', 'expanded', 'both', 'encrypted'])(
    '%s key, with certificates by EC and ML-DSA CAs',
    async (form) => {
      for (const by of ['ec', 'ml-dsa']) {
        const source = {
          certificate: bytes(fixture(`ml-dsa-${set}-by-${by}.pem`)),
          privateKey: bytes(fixture(`ml-dsa-${set}-${form}.key`), '--private-key'),
          keyPassword: password('changeit'),
        };
        const { signer, certificate } = await openIdentity(source, recordingContext());
        expect(signer.algorithm).toBe('ML-DSA');
        const signature = await signer.sign(message);
        const publicKey = publicKeyBytes(certificate.publicKeyInfo);
        expect(schemes[set].verify(signature, message, publicKey)).toBe(true);
      }
    },
  );

  test.each(forms)('%s key in JavaScript: the same public key, deterministic signatures, any digest', async (form) => {
    const key = openMlDsaKey(`ML-DSA-${set}`, privateKeyOf(`ml-dsa-${set}-${form}.key`));
    const opened = await openSigner(
      { privateKey: bytes(fixture(`ml-dsa-${set}-seed.key`), '--private-key') },
      recordingContext(),
    );
    expect(Buffer.from(key.publicKeyInfo())).toEqual(Buffer.from(opened.publicKeyInfo ?? []));
    const signature = await key.signer.sign(message);
    expect(await key.signer.sign(message, 'SHA-512')).toEqual(signature);
    expect(schemes[set].verify(signature, message, publicKeyBytes(key.publicKeyInfo()))).toBe(true);
  });

  test.each(['seed', 'expanded'] as const)('%s without a tag around it, as written before RFC 9881', async (form) => {
    const tagged = onlyElement(privateKeyOf(`ml-dsa-${set}-${form}.key`));
    const key = openMlDsaKey(`ML-DSA-${set}`, tagged.contents);
    const expected = openMlDsaKey(`ML-DSA-${set}`, tagged.encoded);
    expect(key.publicKeyInfo()).toEqual(expected.publicKeyInfo());
    const algorithm = sequenceOf(onlyElement(key.publicKeyInfo()))[0]?.encoded ?? Buffer.of();
    const info = encodeElement(0x30, Buffer.from('020100', 'hex'), algorithm, octets(tagged.contents));
    const { signer } = await openSigner({ privateKey: bytes(info, '--private-key') }, recordingContext());
    const publicKey = publicKeyBytes(key.publicKeyInfo());
    expect(schemes[set].verify(await signer.sign(message), message, publicKey)).toBe(true);
  });

  test('a wrong password for an encrypted key', async () => {
    const source = { privateKey: bytes(fixture(`ml-dsa-${set}-encrypted.key`)), keyPassword: password('wrong') };
    expect((await rejectionOf(openSigner(source, recordingContext()))).code).toBe('PASSWORD_WRONG');
  });

  test('the key of another certificate', async () => {
    const other = set === 44 ? 65 : 44;
    const source = {
      certificate: bytes(fixture(`ml-dsa-${set}-by-ec.pem`)),
      privateKey: bytes(fixture(`ml-dsa-${other}-seed.key`), '--private-key'),
    };
    const error = await rejectionOf(openIdentity(source, recordingContext()));
    expect(error.code).toBe('KEY_MISMATCH');
    expect(error.message).toContain(`(ML-DSA-${other}) is not the key of`);
    expect(error.message).toContain(`which holds CN=ml-dsa-${set} (ML-DSA-${set})`);
  });
});

describe('damaged keys', () => {
  const seed = Buffer.alloc(32, 1);
  const { secretKey } = ml_dsa44.keygen(seed);

  test.each([
    ['a short seed', encodeElement(0x80, seed.subarray(1)), 'its seed has 31 bytes, not 32'],
    ['a short expanded key', octets(secretKey.subarray(1)), 'it has 2559 bytes, not 2560'],
    ['an expanded key of random bytes', octets(Buffer.alloc(2560, 0xa5)), 'its numbers are none of such a key'],
    ['the same without a tag', Buffer.alloc(2560, 0xa5), 'its numbers are none of such a key'],
    [
      'two that do not belong together',
      encodeElement(0x30, octets(Buffer.alloc(32, 2)), octets(secretKey)),
      'seed and expanded key do not belong together',
    ],
  ])('%s', (_, privateKey, reason) => {
    expect(() => openMlDsaKey('ML-DSA-44', privateKey)).toThrow(`holds an ML-DSA key that cannot be read: ${reason}`);
  });

  test('are an error of the file', async () => {
    const info = encodeElement(
      0x30,
      Buffer.from('020100300b0609608648016503040311', 'hex'),
      octets(encodeElement(0x80, seed.subarray(1))),
    );
    const error = await rejectionOf(openSigner({ privateKey: bytes(info, '--private-key') }, recordingContext()));
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toBe(
      '--private-key: the value given holds an ML-DSA key that cannot be read: its seed has 31 bytes, not 32',
    );
  });
});
