import { constants, createHash, generateKeyPairSync, sign, webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { verifiedSigner } from '../../src/identity/verified-signer.ts';
import { rejectionOf } from '../support/thrown.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const message = Buffer.from('AWS4-X509-ECDSA-SHA256');
const hash = createHash('sha256').update(message).digest();

/** A signer that resolves to this, as the verified one has it. */
function signing(signature: unknown, { publicKey } = ec) {
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const signer = { algorithm: 'ECDSA', sign: () => Promise.resolve(signature as Uint8Array) } as const;
  return verifiedSigner(signer, publicKeyInfo).sign(message);
}

const p1363 = sign('sha256', message, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
const der = sign('sha256', message, ec.privateKey);

test('the wire form is handed out as it is', async () => {
  expect(await signing(der)).toBe(der);
  const pkcs1 = sign('sha256', message, rsa.privateKey);
  expect(await signing(pkcs1, rsa)).toBe(pkcs1);
});

const pss = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
const expectedForm = /expected is DER, SEQUENCE \{ r, s \}/;

test.each<[string, unknown, typeof ec, message: RegExp, hint: RegExp]>([
  ['P1363', p1363, ec, /does not fit the certificate$/, /form of IEEE P1363.*expected is DER, SEQUENCE \{ r, s \}/],
  ['PSS', sign('sha256', message, pss), rsa, /does not fit/, /one of RSASSA-PSS; expected is RSASSA-PKCS1-v1_5/],
  ['hashed twice', sign('sha256', hash, ec.privateKey), ec, /does not fit/, /^the message was hashed twice/],
  ['SHA-512', sign('sha512', message, rsa.privateKey), rsa, /does not fit/, /made with SHA-512; .* asked for SHA-256/],
  ['another key', sign('sha256', message, rsa.privateKey), ec, /does not fit/, /the key is of another certificate/],
  ['nothing', new Uint8Array(), ec, /does not fit/, /the key is of another certificate/],
  [
    'an ArrayBuffer',
    new Uint8Array(der).buffer,
    ec,
    /gave an object of type ArrayBuffer, where a Uint8Array belongs/,
    /bytes/,
  ],
  ['P1363 in an ArrayBuffer', new Uint8Array(p1363).buffer, ec, /gave an object of type ArrayBuffer/, expectedForm],
  ['base64 of P1363', p1363.toString('base64'), ec, /gave a value of type string, where a Uint8Array/, expectedForm],
  ['hex of P1363', p1363.toString('hex'), ec, /gave a value of type string/, expectedForm],
  ['undefined', undefined, ec, /gave undefined, where a Uint8Array belongs/, /bytes of the signature/],
  ['a list', [...der], ec, /gave a list, where a Uint8Array belongs/, /bytes of the signature/],
])('%s is named', async (_name, signature, pair, text, hint) => {
  const error = await rejectionOf(signing(signature, pair));
  expect(error).toMatchObject({ code: 'SIGNATURE_INVALID', message: expect.stringMatching(text) as string });
  expect(error.hints.join('\n')).toMatch(hint);
});

test('what Web Crypto signs is recognised', async () => {
  const format = { name: 'ECDSA', namedCurve: 'P-256' };
  const pkcs8 = ec.privateKey.export({ type: 'pkcs8', format: 'der' });
  const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, format, false, ['sign']);
  const signature = await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, message);
  expect((await rejectionOf(signing(signature))).hints.join()).toMatch(expectedForm);
});
