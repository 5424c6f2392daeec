import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateData } from '../../../src/outputs/inspect/certificate-data.ts';
import type { IdentityContext } from '../../../src/identity/identity.ts';
import { root } from '../../support/command.ts';
import { certificateDer, type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../../support/openssl.ts';

const context: IdentityContext = { now: () => new Date(), warn: () => undefined };
let folder: string;
let issuer: Issued;

beforeAll(() => {
  folder = makeFolder();
  issuer = makeCa(folder, 'root');
});
afterAll(() => removeFolder(folder));

function read(leaf: Issued): Promise<string> {
  const certificate = { option: '--certificate', kind: 'file', path: leaf.certificate } as const;
  return certificateData({ certificate }, context);
}

describe('the bytes of the official helper', () => {
  test.each([
    ['rsa:2048', '8000000000000000000000000000000000000001', 'RSA', '["RSASHA256","RSASHA384","RSASHA512"]'],
    ['p256', '0123', 'EC', '["ECSHA256","ECSHA384","ECSHA512"]'],
    ['p384', '7F', 'EC', '["ECSHA256","ECSHA384","ECSHA512"]'],
  ] as const)('%s, serial number %s', async (keyType, serial, name, algorithms) => {
    const leaf = makeLeaf(folder, `leaf-${serial}`, issuer, { keyType, serial });
    const der = certificateDer(leaf.certificate).toString('base64');
    expect(await read(leaf)).toBe(
      `{"keyType":"${name}","certificateData":"${der}","serialNumber":"${BigInt(`0x${serial}`)}","supportedAlgorithms":${algorithms}}`,
    );
  });
});

test.each(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'])('%s has itself for its algorithm', async (name) => {
  const path = join(root, 'certs-fixtures', 'made', `${name.toLowerCase()}-by-ec.pem`);
  const data: unknown = JSON.parse(
    await certificateData({ certificate: { option: '--certificate', kind: 'file', path } }, context),
  );
  expect(data).toMatchObject({ keyType: name, supportedAlgorithms: [name] });
});

test('a key that Roles Anywhere does not take', async () => {
  const leaf = makeLeaf(folder, 'ed25519', issuer, { keyType: 'ed25519' });
  await expect(read(leaf)).rejects.toMatchObject({
    code: 'CERTIFICATE_KEY_UNSUPPORTED',
    message: '--certificate: Roles Anywhere takes no signatures by Ed25519 keys',
  });
});
