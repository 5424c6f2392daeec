import { readFileSync } from 'node:fs';
import * as fc from '../support/fast-check.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { berToDer } from '../../src/identity/backends/file/ber.ts';
import { decodePem, pemBlocks, pemHeaders } from '../../src/identity/backends/file/pem.ts';
import { openIdentity, openSigner } from '../../src/identity/open-identity.ts';
import { Problem } from '../../src/identity/problem.ts';
import { readCertificate } from '../../src/identity/read-certificate.ts';
import { distinguishedName } from '../../src/identity/x509/distinguished-name.ts';
import { parseX509 } from '../../src/identity/x509/parse-certificate.ts';
import { describePublicKey } from '../../src/identity/x509/public-key.ts';
import { readSignatureAlgorithm } from '../../src/identity/x509/signature-algorithm.ts';
import {
  certificateDer,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  makePkcs12,
  openssl,
  removeFolder,
} from '../support/openssl.ts';
import { editedOnce, splitCertificate } from '../support/crafted-certificates.ts';
import { bytes, password, recordingContext } from './given.ts';

/** ROLES_ANYWHERE_TEST_FUZZ=100 reads a hundred times as many inputs. */
const times = Number(process.env['ROLES_ANYWHERE_TEST_FUZZ'] ?? 1);
vi.setConfig({ testTimeout: 60_000 * times });

/** Seconds of this process that one damaged input may take, whatever else the machine does. */
const patience = 5;

let folder: string;
let leaf: Issued;
let rsaLeaf: Issued;
beforeAll(() => {
  folder = makeFolder();
  const root = makeCa(folder, 'root', { keyType: 'rsa:2048' });
  leaf = makeLeaf(folder, 'leaf', root);
  rsaLeaf = makeLeaf(folder, 'rsa-leaf', root, { keyType: 'rsa:2048', pss: true });
});
afterAll(() => removeFolder(folder));

/** Any bytes, and the sample with some of its bytes changed, cut out, put in twice, or its end cut off. */
function damaged(sample: Uint8Array): fc.Arbitrary<Buffer> {
  const offset = fc.nat(sample.length - 1);
  const changed = fc.array(fc.tuple(offset, fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
    const copy = Buffer.from(sample);
    for (const [at, value] of changes) copy[at] = value;
    return copy;
  });
  const cut = offset.map((end) => Buffer.from(sample.subarray(0, end)));
  const removed = fc
    .tuple(offset, fc.nat(16))
    .map(([at, count]) => Buffer.concat([sample.subarray(0, at), sample.subarray(at + count)]));
  const doubled = fc
    .tuple(offset, fc.nat(64))
    .map(([at, count]) => Buffer.concat([sample.subarray(0, at + count), sample.subarray(at)]));
  const noise = fc.uint8Array({ maxLength: 300 }).map((content) => Buffer.from(content));
  return fc.oneof({ weight: 6, arbitrary: changed }, cut, removed, doubled, noise);
}

/** Lets a reader read: true when it gives something, or throws what it may throw, and soon. */
async function survives(
  read: (content: Buffer) => unknown,
  content: Buffer,
  mayThrow: (error: unknown) => boolean,
): Promise<boolean> {
  const start = process.cpuUsage();
  try {
    await read(content);
  } catch (error) {
    if (!mayThrow(error)) throw error;
  }
  return process.cpuUsage(start).user / 1e6 < patience;
}

const isProblem = (error: unknown): boolean => error instanceof Problem;

/** What users see: an error about certificate, chain, key, password or signature. */
const isIdentityError = (error: unknown): boolean =>
  error instanceof RolesAnywhereError && /^(CERTIFICATE|CHAIN|KEY|PASSWORD|SIGNATURE|TPM|OPTION)_/.test(error.code);

/** Throws with the counterexample when a reader does not survive. */
function expectSurvival(
  contents: fc.Arbitrary<Buffer>,
  numRuns: number,
  read: (content: Buffer) => unknown,
  mayThrow = isProblem,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(contents, (content) => survives(read, content, mayThrow)),
    { numRuns: numRuns * times },
  );
}

const expectNoCrash = (sample: Uint8Array, numRuns: number, open: (content: Buffer) => unknown): Promise<void> =>
  expectSurvival(damaged(sample), numRuns, open, isIdentityError);

const blocksOf = (content: Buffer): unknown => pemBlocks(content).map((block) => [decodePem(block), pemHeaders(block)]);

test('PEM', async () => {
  await expectSurvival(
    damaged(Buffer.concat([readFileSync(leaf.certificate), readFileSync(leaf.key)])),
    3000,
    blocksOf,
  );
});

test('PEM made of its own words', async () => {
  const words = fc.constantFrom(
    ...['-----BEGIN ', '-----END ', '-----', 'CERTIFICATE', 'PRIVATE KEY', '\n', '\r\n', 'MAA=', ': ', ' ', '\u{FEFF}'],
  );
  const texts = fc.array(words, { maxLength: 60 }).map((parts) => Buffer.from(parts.join('')));
  await expectSurvival(texts, 3000, blocksOf);
});

test('PEM and DER in one more wrapping', async () => {
  for (const path of [leaf.certificate, leaf.key]) {
    const pem = readFileSync(path, 'utf8');
    for (const text of [Buffer.from(pem).toString('base64'), JSON.stringify(pem), `'${pem}'`]) {
      const both = async (content: Buffer): Promise<unknown> => {
        const certificate = readCertificate({ certificate: bytes(content) }, recordingContext()).catch(
          expectIdentityError,
        );
        return Promise.all([certificate, signed(content)]);
      };
      await expectNoCrash(Buffer.from(text), 100, both);
    }
  }
});

test('PKCS#7', async () => {
  const der = openssl(['crl2pkcs7', '-nocrl', '-certfile', leaf.certificate, '-outform', 'DER']);
  await expectNoCrash(der, 1000, (content) => readCertificate({ certificate: bytes(content) }, recordingContext()));
});

test('BER', async () => {
  await expectSurvival(damaged(certificateDer(leaf.certificate)), 3000, berToDer);
  const octets = fc.constantFrom(0x30, 0x24, 0x04, 0x80, 0x82, 0x00, 0x01, 0xa0, 0x84, 0xff);
  const strings = fc.array(octets, { maxLength: 200 }).map((content) => Buffer.from(content));
  await expectSurvival(strings, 3000, berToDer);
});

describe('certificates', () => {
  const readAll = (content: Buffer): unknown => {
    const certificate = parseX509(content);
    return [
      distinguishedName(certificate.subject),
      distinguishedName(certificate.issuer),
      describePublicKey(certificate.publicKeyInfo),
      readSignatureAlgorithm(certificate.signatureAlgorithm, certificate.signatureParameters),
    ];
  };

  test('of EC keys', async () => {
    await expectSurvival(damaged(certificateDer(leaf.certificate)), 3000, readAll);
  });

  test('of RSA keys, signed with RSASSA-PSS', async () => {
    await expectSurvival(damaged(certificateDer(rsaLeaf.certificate)), 3000, readAll);
  });

  /** Every field in turn, by all of its worst values, in every place where a certificate can be given. */
  test('field by field, as leaf, beside the leaf and as intermediate', async () => {
    const good = readFileSync(leaf.certificate);
    const privateKey = bytes(readFileSync(leaf.key), '--private-key');
    for (const sample of [leaf, rsaLeaf]) {
      for (const [, der] of editedOnce(splitCertificate(certificateDer(sample.certificate)))) {
        const beside = Buffer.concat([good, pemOf(der)]);
        const use = async (certificate: Buffer, intermediates: Buffer): Promise<void> => {
          const source = { certificate: bytes(certificate), privateKey, intermediates: bytes(intermediates) };
          await openIdentity(source, recordingContext());
        };
        expect(await survives(() => use(der, good), der, isIdentityError)).toBe(true);
        // One that is damaged ends nobody's call who has another.
        await use(beside, beside);
      }
    }
  });

  test('as leaf and chain of an identity', async () => {
    await expectNoCrash(certificateDer(leaf.certificate), 500, async (content) => {
      const privateKey = bytes(readFileSync(leaf.key), '--private-key');
      const source = { certificate: bytes(content), privateKey, intermediates: bytes(content) };
      const identity = await openIdentity(source, recordingContext());
      return identity.signer.sign(Buffer.from('message'));
    });
  });
});

describe('private keys', () => {
  const secret = ['-passout', 'pass:secret'];
  const der = ['-outform', 'DER'];

  test.each<[string, number, readonly string[]]>([
    ['PKCS#8', 500, ['pkcs8', '-topk8', '-nocrypt', ...der]],
    ['PEM', 500, ['pkcs8', '-topk8', '-nocrypt']],
    ['SEC1', 500, ['ec', ...der]],
    ['PBES2', 500, ['pkcs8', '-topk8', '-iter', '1', ...der, ...secret]],
    ['scrypt', 300, ['pkcs8', '-topk8', '-scrypt', '-scrypt_N', '2', '-scrypt_r', '1', ...der, ...secret]],
    ['PKCS#12 schemes', 300, ['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES', '-iter', '1', ...der, ...secret]],
    ['traditional encryption', 300, ['ec', '-aes256', ...secret]],
  ])('%s', async (_, numRuns, args) => {
    await expectNoCrash(openssl([...args, '-in', leaf.key]), numRuns, signed);
  });

  test('PKCS#1', async () => {
    await expectNoCrash(openssl(['rsa', '-in', rsaLeaf.key, '-traditional', ...der]), 500, signed);
  });

  test('ML-DSA', async () => {
    const key = readFileSync(new URL('../../certs-fixtures/made/ml-dsa-44-seed.key', import.meta.url));
    await expectNoCrash(key, 60, signed);
  });
});

function pemOf(der: Buffer): Buffer {
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n');
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`);
}

function expectIdentityError(error: unknown): void {
  if (!isIdentityError(error)) throw error;
}

/** Opens a private key and signs with it. */
async function signed(privateKey: Buffer): Promise<unknown> {
  const source = { privateKey: bytes(privateKey), keyPassword: password('secret') };
  const { signer } = await openSigner(source, recordingContext());
  return signer.sign(Buffer.from('message'));
}

describe('PKCS#12', () => {
  const plain = ['-nomac', '-keypbe', 'NONE', '-certpbe', 'NONE'];
  const made = (args: readonly string[]): Buffer => {
    const options = { password: 'secret', others: [rsaLeaf], args: ['-iter', '1', ...args] };
    return readFileSync(makePkcs12(folder, 'sample', leaf, options));
  };

  test.each<[string, number, readonly string[]]>([
    ['with a MAC', 300, []],
    ['without', 500, ['-nomac']],
    ['without encryption', 800, plain],
    ['with old encryption', 300, ['-legacy', '-nomac']],
  ])('%s', async (_, numRuns, args) => {
    await expectNoCrash(made(args), numRuns, (content) =>
      openIdentity({ certificate: bytes(content), keyPassword: password('secret') }, recordingContext()),
    );
  });

  test('read for its certificate', async () => {
    await expectNoCrash(made(plain), 300, (content) =>
      readCertificate({ certificate: bytes(content) }, recordingContext()),
    );
  });
});
