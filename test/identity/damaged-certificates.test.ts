import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IdentitySource, SigningIdentity } from '../../src/identity/identity.ts';
import { openIdentity, openSigner } from '../../src/identity/open-identity.ts';
import { Problem } from '../../src/identity/problem.ts';
import { readCertificate } from '../../src/identity/read-certificate.ts';
import type { Certificate } from '../../src/identity/x509/certificate.ts';
import { chainOf, findIssuers } from '../../src/identity/x509/chain.ts';
import { checkLeaf } from '../../src/identity/x509/check-leaf.ts';
import { subjectOf } from '../../src/identity/x509/explain-leaf.ts';
import { parseX509 } from '../../src/identity/x509/parse-certificate.ts';
import { keyTypeOf, publicKeyBytes } from '../../src/identity/x509/public-key.ts';
import {
  certificateDer,
  concatenate,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  makePkcs12,
  removeFolder,
} from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';
import { bagsOf, pkcs12Of } from './backends/file/pkcs12-parts.ts';
import { bytes, file, recordingContext } from './given.ts';

let folder: string;
let root: Issued;
let rsaLeaf: Issued;
let leaf: Issued;
let sub: Issued;
beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root', { keyType: 'rsa:2048' });
  sub = makeCa(folder, 'sub', { issuer: root });
  leaf = makeLeaf(folder, 'leaf', sub);
  rsaLeaf = makeLeaf(folder, 'rsa-leaf', root, { keyType: 'rsa:2048', pss: true });
});
afterAll(() => removeFolder(folder));

const der = (issued: Issued): Buffer => certificateDer(issued.certificate);
const keyOf = (issued: Issued) => file(issued.key, '--private-key');

/** The same certificate with another byte in place of the first one of a part, found by what precedes it. */
function withByte(der: Buffer, before: string, value: number): Buffer {
  const copy = Buffer.from(der);
  const mark = Buffer.from(before, 'hex');
  const at = copy.indexOf(mark);
  if (at === -1) throw new Error('the certificate has no such part');
  copy[at + mark.length] = value;
  return copy;
}

/** A BIT STRING that says of its first byte that it lacks bits, in a key on P-256. */
const withBadKey = (issued: Issued): Buffer => withByte(der(issued), '06082a8648ce3d0301070342', 0x0a);
/** An RSA key that is no SEQUENCE. */
const withBadRsaKey = (issued: Issued): Buffer => withByte(der(issued), '05000382010f00', 0x31);
/** A common name whose tag has several bytes. */
const withOddName = (issued: Issued): Buffer => withByte(der(issued), '0603550403', 0x1f);

const pem = (content: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(content).toString('base64')}\n-----END CERTIFICATE-----\n`;
const text = (issued: Issued): string => readFileSync(issued.certificate, 'utf8');

/** Opens an identity; what `--debug` shows of it. */
async function opened(
  source: IdentitySource,
): Promise<SigningIdentity & { debug: string[]; warnings: readonly string[] }> {
  const debug: string[] = [];
  const context = recordingContext();
  const identity = await openIdentity(source, { ...context, debug: (message) => debug.push(message) });
  return { ...identity, debug, warnings: context.warnings };
}

describe('what is damaged in a certificate is told under the name of its file', () => {
  test.each<[string, () => Buffer, string]>([
    ['an RSA key', () => withBadRsaKey(rsaLeaf), 'is damaged: sequence expected, set found'],
    ['a name', () => withOddName(leaf), 'is damaged: it uses a tag of several bytes'],
    ['parameters of RSASSA-PSS', () => withByte(der(rsaLeaf), '06092a864886f70d01010a', 0x31), 'is damaged: '],
  ])('%s', async (_, content, reason) => {
    const source = { certificate: bytes(content()), privateKey: keyOf(leaf) };
    for (const error of [
      await rejectionOf(openIdentity(source, recordingContext())),
      await rejectionOf(openSigner(source, recordingContext())),
      await rejectionOf(readCertificate(source, recordingContext())),
    ]) {
      expect(error.code).toBe('CERTIFICATE_INVALID');
      expect(error.message).toContain(`--certificate: the value given ${reason}`);
    }
  });

  test('a point that is on no curve', async () => {
    const point = der(leaf);
    const at = point.indexOf(Buffer.from('06082a8648ce3d03010703420004', 'hex'));
    point.fill(0xff, at + 14, at + 30);
    const error = await rejectionOf(
      openIdentity({ certificate: bytes(point), privateKey: keyOf(leaf) }, recordingContext()),
    );
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toBe(
      '--certificate: the value given holds the certificate CN=leaf, whose public key is damaged',
    );
  });
});

describe('a damaged certificate that is not needed is passed over, and named on --debug', () => {
  const damage: readonly (readonly [string, () => string, RegExp])[] = [
    ['an unreadable key', () => pem(withBadKey(sub)), /line \d+ that is damaged: a bit string is malformed/],
    ['an odd name', () => pem(withOddName(sub)), /line \d+ that is damaged: it uses a tag of several bytes/],
    ['no DER', () => pem(Buffer.from('MAMC')), /line \d+ that is damaged/],
    ['no base64', () => pem(der(sub)).replace('MII', '!II'), /the block CERTIFICATE in line \d+ is not base64/],
    ['no END line', () => pem(der(sub)).split('-----END')[0] ?? '', /in line \d+ has no line -----END/],
  ];

  test.each(damage)('behind the leaf: %s', async (_, block, told) => {
    const identity = await opened({ certificate: bytes(text(leaf) + block()), privateKey: keyOf(leaf) });
    expect(Buffer.from(identity.certificate.der)).toEqual(der(leaf));
    expect(identity.debug).toEqual([expect.stringMatching(told)]);
    expect(identity.debug[0]).toContain('--certificate: the value given');
    expect(identity.warnings).toEqual([]);
  });

  test.each(damage)('among the intermediates: %s', async (_, block, told) => {
    const intermediates = bytes(`${block()}${text(sub)}`, '--intermediates');
    const identity = await opened({ certificate: bytes(text(leaf)), privateKey: keyOf(leaf), intermediates });
    expect(identity.chain.map((each) => Buffer.from(each.der))).toEqual([der(sub)]);
    expect(identity.debug).toEqual([expect.stringMatching(told)]);
    expect(identity.warnings).toEqual([]);
  });

  test('behind a key in one file with its certificate', async () => {
    const all = bytes(`${readFileSync(leaf.key, 'utf8')}${text(leaf)}-----BEGIN CERTIFICATE-----\nMII`);
    expect(Buffer.from((await opened({ certificate: all })).certificate.der)).toEqual(der(leaf));
  });

  test('in a PKCS#12', async () => {
    const plain = ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'];
    const bags = bagsOf(readFileSync(makePkcs12(folder, 'plain', leaf, { others: [sub, root], args: plain })));
    const damagedBags = bags.map((bag) => {
      const at = Buffer.from(bag).indexOf(der(root));
      return at === -1 ? bag : Buffer.concat([bag.subarray(0, at), Buffer.alloc(der(root).length)]);
    });
    const identity = await opened({ certificate: bytes(pkcs12Of(damagedBags.reverse())) });
    expect(Buffer.from(identity.certificate.der)).toEqual(der(leaf));
    expect(identity.chain.map((each) => Buffer.from(each.der))).toEqual([der(sub)]);
    expect(identity.debug).toEqual([expect.stringContaining('holds a certificate as number 1 that is damaged')]);
  });
});

describe('where none of the others will do, it is told after all', () => {
  test('the leaf, before its CA', async () => {
    const certificate = bytes(pem(withBadKey(leaf)) + text(sub));
    const reason =
      '--certificate: the value given holds a certificate in line 1 that is damaged: a bit string is malformed';
    for (const error of [
      await rejectionOf(opened({ certificate, privateKey: keyOf(leaf) })),
      await rejectionOf(openSigner({ certificate, privateKey: keyOf(leaf) }, recordingContext())),
      await rejectionOf(readCertificate({ certificate }, recordingContext())),
    ]) {
      expect(error).toMatchObject({ code: 'CERTIFICATE_INVALID', message: reason });
    }
  });

  test('the only intermediate', async () => {
    const intermediates = bytes(pem(withBadKey(sub)), '--intermediates');
    const error = await rejectionOf(
      opened({ certificate: file(leaf.certificate), privateKey: keyOf(leaf), intermediates }),
    );
    expect(error.code).toBe('CHAIN_INVALID');
  });

  test('an intermediate, where the others issued nothing', async () => {
    const intermediates = bytes(pem(withBadKey(sub)) + text(rsaLeaf), '--intermediates');
    const { warnings } = await opened({ certificate: file(leaf.certificate), privateKey: keyOf(leaf), intermediates });
    expect(warnings).toEqual([
      '--intermediates: the value given holds none of the certificates that issued the leaf, and holds a certificate ' +
        'in line 1 that is damaged: a bit string is malformed',
    ]);
  });
});

test('a file with a certificate alone holds no private key that others could read', async () => {
  const path = concatenate(folder, 'public.pem', [leaf.certificate]);
  chmodSync(path, 0o644);
  for (const open of [openIdentity, openSigner]) {
    const context = recordingContext();
    const error = await rejectionOf(open({ certificate: file(path) }, context));
    expect(error.message).toContain('holds no private key');
    expect(context.warnings).toEqual([]);
  }
});

describe('what was parsed can be read to its end: every field, damaged in several ways', () => {
  /** All that looks at a certificate after it was parsed. */
  async function readWhole(certificate: Certificate, other: Certificate): Promise<void> {
    subjectOf(certificate);
    subjectOf({ ...certificate, subject: certificate.issuer });
    keyTypeOf(certificate.publicKeyInfo);
    publicKeyBytes(certificate.publicKeyInfo);
    await chainOf(await findIssuers(other, [certificate]));
    await chainOf(await findIssuers(certificate, [other, certificate]));
    await checkLeaf(certificate, new Date()).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code === undefined) throw error;
    });
  }

  test.each([
    ['EC', () => [der(leaf), der(sub)] as const],
    ['RSA with RSASSA-PSS', () => [der(rsaLeaf), der(root)] as const],
    ['a CA', () => [der(sub), der(leaf)] as const],
  ])('%s', async (_, content) => {
    const [sample, other] = content();
    const parsedOther = parseX509(other);
    let [readable, refused] = [0, 0];
    for (const [at, byte] of sample.entries()) {
      for (const value of [0x00, 0x1f, 0x80, 0xff, byte ^ 0x01]) {
        const copy = Buffer.from(sample);
        copy[at] = value;
        let certificate: Certificate;
        try {
          certificate = parseX509(copy);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          refused += 1;
          continue;
        }
        await readWhole(certificate, parsedOther);
        readable += 1;
      }
    }
    expect(readable).toBeGreaterThan(1000);
    expect(refused).toBeGreaterThan(200);
  });
});
