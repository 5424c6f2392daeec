import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leafViolations } from '../../../src/trust/x509/leaf-constraints.ts';
import { decodeCertificate } from '../../../src/trust/x509/read-certificate.ts';
import {
  certificateDer,
  type CertificateOptions,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  removeFolder,
} from '../../support/openssl.ts';

let folder: string;
let authorities: Readonly<Record<'rsa' | 'ec', Issued>>;

beforeAll(() => {
  folder = makeFolder();
  authorities = { rsa: makeCa(folder, 'rsa', { keyType: 'rsa:2048' }), ec: makeCa(folder, 'ec') };
});

afterAll(() => removeFolder(folder));

function violations(name: string, options: CertificateOptions & { readonly issuer?: 'rsa' | 'ec' }): string[] {
  const leaf = makeLeaf(folder, name.replaceAll(/\W/g, '-'), authorities[options.issuer ?? 'ec'], options);
  return leafViolations(decodeCertificate(certificateDer(leaf.certificate))).map(
    ({ rule, reason }) => `${rule}: ${reason}`,
  );
}

describe('leaves that are taken', () => {
  const good: [string, CertificateOptions & { readonly issuer?: 'rsa' | 'ec' }][] = [
    ['P-256', { keyType: 'p256' }],
    ['P-384', { keyType: 'p384' }],
    ['P-521', { keyType: 'p521' }],
    ['RSA of 2048 bits', { keyType: 'rsa:2048' }],
    ['RSA of 3072 bits', { keyType: 'rsa:3072' }],
    ['signed with RSA and SHA-256', { issuer: 'rsa' }],
    ['signed with RSA and SHA-512', { issuer: 'rsa', hash: 'sha512' }],
    ['signed with RSASSA-PSS', { issuer: 'rsa', pss: true }],
    ['signed with RSASSA-PSS and SHA-384', { issuer: 'rsa', pss: true, hash: 'sha384' }],
    ['signed with ECDSA and SHA-384', { hash: 'sha384' }],
    ['without basic constraints', { extensions: ['keyUsage = digitalSignature'] }],
    [
      'without extended key usage, for servers',
      { extensions: ['keyUsage = digitalSignature', 'extendedKeyUsage = serverAuth'] },
    ],
  ];

  test.each(good)('%s', (name, options) => {
    expect(violations(name, options)).toEqual([]);
  });
});

describe('leaves that are not', () => {
  const usage = 'keyUsage = digitalSignature';
  const bad: [string, CertificateOptions & { readonly issuer?: 'rsa' | 'ec' }, string[]][] = [
    [
      'v1',
      { extensions: [] },
      ['version: the leaf is X.509 v1; v3 is needed', 'key-usage: the leaf has no digitalSignature key usage'],
    ],
    [
      'CA',
      { extensions: ['basicConstraints = CA:TRUE', usage] },
      ['basic-constraints: the leaf is a CA certificate (CA:TRUE)'],
    ],
    [
      'other usage',
      { extensions: ['keyUsage = keyEncipherment'] },
      ['key-usage: the leaf has no digitalSignature key usage'],
    ],
    [
      'no usage',
      { extensions: ['basicConstraints = CA:FALSE'] },
      ['key-usage: the leaf has no digitalSignature key usage'],
    ],
    ['empty subject', { subject: '/' }, ['subject: the leaf has an empty subject']],
    ['md5', { issuer: 'rsa', hash: 'md5' }, [weak('MD5')]],
    ['sha1 rsa', { issuer: 'rsa', hash: 'sha1' }, [weak('SHA-1')]],
    ['sha1 pss', { issuer: 'rsa', hash: 'sha1', pss: true }, [weak('SHA-1')]],
    ['sha1 ec', { hash: 'sha1' }, [weak('SHA-1')]],
    ['sha224', { hash: 'sha224' }, [weak('SHA-224')]],
    ['rsa 1024', { keyType: 'rsa:1024' }, [key('an RSA key of 1024 bits is not taken')]],
    ['secp256k1', { keyType: 'secp256k1' }, [key('the curve 1.3.132.0.10 is not taken')]],
    ['brainpool', { keyType: 'brainpoolP256r1' }, [key('the curve 1.3.36.3.3.2.8.1.1.7 is not taken')]],
    ['ed25519', { keyType: 'ed25519' }, [key('keys of the algorithm 1.3.101.112 are not taken')]],
    ['ed448', { keyType: 'ed448' }, [key('keys of the algorithm 1.3.101.113 are not taken')]],
    ['rsa-pss key', { keyType: 'rsa-pss:2048' }, [key('keys of the algorithm 1.2.840.113549.1.1.10 are not taken')]],
  ];

  test.each(bad)('%s', (name, options, expected) => {
    expect(violations(`bad ${name}`, options)).toEqual(expected);
  });
});

function weak(hash: string): string {
  return `hash: the leaf cannot be relied on: it is signed with ${hash}; SHA-256 or stronger is needed`;
}

function key(problem: string): string {
  return `key: the key of the leaf is unsuitable: ${problem}`;
}
