import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { derKind } from '../../../../src/identity/backends/file/file-kind.ts';
import { openIdentity, openSigner } from '../../../../src/identity/open-identity.ts';
import { readCertificate } from '../../../../src/identity/read-certificate.ts';
import { useIssuedChain } from '../../../support/issued-chain.ts';
import { certificateDer, type Issued, makeLeaf, makePkcs12, openssl } from '../../../support/openssl.ts';
import { rejectionOf } from '../../../support/thrown.ts';
import { bytes, password, recordingContext } from '../../given.ts';
import { toBer } from './pkcs12-parts.ts';

let folder: string;
let root: Issued;
let sub: Issued;
let leaf: Issued;
useIssuedChain((made) => ({ folder, root, sub, leaf } = made));

type Content = Uint8Array | string;

const certificatePem = (): string => readFileSync(leaf.certificate, 'utf8');
const keyPem = (): string => readFileSync(leaf.key, 'utf8');
const keyDer = (): Buffer => openssl(['pkey', '-in', leaf.key, '-outform', 'DER']);
const base64 = (content: Content): string => Buffer.from(content).toString('base64');
const inLines = (text: string): string => text.replaceAll(/.{76}/g, '$&\n');
const armoured = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${base64(der).replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
const escaped = (pem: string): string => pem.replaceAll('\n', String.raw`\n`);
const pkcs12 = (): Buffer => readFileSync(makePkcs12(folder, 'leaf', leaf, { password: 'secret', others: [sub] }));
const pkcs7 = (form: string): Buffer =>
  openssl([
    'crl2pkcs7',
    '-nocrl',
    '-outform',
    form,
    ...['-certfile', root.certificate, '-certfile', sub.certificate],
    '-certfile',
    leaf.certificate,
  ]);
const request = (form: string): Buffer =>
  openssl(['req', '-new', '-key', leaf.key, '-subj', '/CN=leaf', '-outform', form]);
const publicKey = (form: string): Buffer => openssl(['pkey', '-in', leaf.key, '-pubout', '-outform', form]);

function revocations(form: string): Buffer {
  const [index, config] = [join(folder, 'index.txt'), join(folder, 'crl.cnf')];
  writeFileSync(index, '');
  writeFileSync(config, `[ca]\ndefault_ca=a\n[a]\ndatabase=${index}\ndefault_md=sha256\ndefault_crl_days=9\n`);
  const signing = ['-cert', root.certificate, '-keyfile', root.key];
  return openssl(['crl', '-outform', form], openssl(['ca', '-gencrl', '-config', config, ...signing]));
}

/** The wrappings that leave no doubt of what was meant. */
const wrappings: readonly (readonly [string, (pem: string) => Content])[] = [
  ['base64 of PEM, as in a Secret of Kubernetes', base64],
  ['base64 in lines', (pem) => inLines(base64(pem))],
  ['base64 of base64', (pem) => base64(base64(pem))],
  ['in double quotes, as in a file for docker --env-file', (pem) => `"${pem}"`],
  ['in single quotes', (pem) => `'${pem}'\n`],
  [String.raw`with \n for line breaks`, escaped],
  [String.raw`with \r\n`, (pem) => pem.replaceAll('\n', String.raw`\r\n`)],
  [String.raw`as a string of JSON`, (pem) => JSON.stringify(pem)],
  ['base64 of that', (pem) => base64(JSON.stringify(pem))],
  ['on one line, with blanks for line breaks', (pem) => pem.replaceAll('\n', ' ')],
  ['UTF-16 of little end, as PowerShell writes it', (pem) => Buffer.from(`\u{FEFF}${pem}`, 'utf16le')],
  ['UTF-16 of big end', (pem) => Buffer.from(`\u{FEFF}${pem}`, 'utf16le').swap16()],
];

const readLeaf = (content: Content): ReturnType<typeof readCertificate> =>
  readCertificate({ certificate: bytes(content), keyPassword: password('secret') }, recordingContext());

async function expectLeaf(content: Content): Promise<void> {
  expect(Buffer.from((await readLeaf(content)).der)).toEqual(certificateDer(leaf.certificate));
}

async function expectKey(content: Content): Promise<void> {
  const privateKey = bytes(content, '--private-key');
  const keyPassword = password('secret');
  const identity = await openIdentity(
    { certificate: bytes(certificatePem()), privateKey, keyPassword },
    recordingContext(),
  );
  expect((await identity.signer.sign(Buffer.from('message'))).length).toBeGreaterThan(60);
}

describe('what is meant is used', () => {
  test.each(wrappings)('%s', async (_, wrap) => {
    await expectLeaf(wrap(certificatePem()));
    await expectKey(wrap(keyPem()));
    await expectKey(wrap(openssl(['pkcs8', '-topk8', '-in', leaf.key, '-passout', 'pass:secret']).toString()));
  });

  test.each<[string, () => Content]>([
    ['base64 of DER, without BEGIN and END', () => base64(certificateDer(leaf.certificate))],
    ['base64 of PKCS#12', () => base64(pkcs12())],
    ['PKCS#12 in PEM, as certtool writes it', () => `some text\n${armoured('PKCS12', pkcs12())}`],
    ['PKCS#12 in the armour of a certificate', () => armoured('CERTIFICATE', pkcs12())],
    ['PKCS#7', () => pkcs7('DER')],
    ['PKCS#7 in BER', () => toBer(pkcs7('DER'))],
    ['PKCS#7 in PEM', () => pkcs7('PEM')],
    ['PKCS#7 in the armour of a certificate, certnew.p7b of AD CS', () => armoured('CERTIFICATE', pkcs7('DER'))],
    ['base64 of PKCS#7', () => base64(pkcs7('DER'))],
    ['a certificate in other armour', () => armoured('X.509', certificateDer(leaf.certificate))],
  ])('as a certificate: %s', async (_, content) => {
    await expectLeaf(content());
  });

  test.each<[string, () => Content]>([
    ['base64 of DER, without BEGIN and END', () => base64(keyDer())],
    ['PKCS#12 in PEM', () => armoured('PKCS12', pkcs12())],
    ['base64 of PKCS#12', () => base64(pkcs12())],
    ['a key in the armour of a certificate', () => armoured('CERTIFICATE', keyDer())],
  ])('as a private key: %s', async (_, content) => {
    await expectKey(content());
  });

  test('the whole chain of a PKCS#7, whatever its order', async () => {
    const privateKey = bytes(keyPem(), '--private-key');
    const { chain } = await openIdentity({ certificate: bytes(pkcs7('PEM')), privateKey }, recordingContext());
    expect(chain.map(({ der }) => Buffer.from(der))).toEqual([certificateDer(sub.certificate)]);
  });

  test('PKCS#7 as intermediates', async () => {
    const [certificate, privateKey] = [bytes(certificatePem()), bytes(keyPem(), '--private-key')];
    const intermediates = bytes(pkcs7('DER'), '--intermediates');
    const { chain } = await openIdentity({ certificate, privateKey, intermediates }, recordingContext());
    expect(chain.map(({ der }) => Buffer.from(der))).toEqual([certificateDer(sub.certificate)]);
  });
});

describe('what is something else is named, with what to do', () => {
  const jks = Buffer.concat([Buffer.from('feedfeed00000002', 'hex'), Buffer.alloc(100)]);
  const putty = 'PuTTY-User-Key-File-3: ecdsa-sha2-nistp256\nEncryption: none\n';
  const openSsh = armoured('OPENSSH PRIVATE KEY', Buffer.from('openssh-key-v1\0'));

  test.each<[string, () => Content, string, RegExp]>([
    [
      'a request in DER',
      () => request('DER'),
      'holds a certificate request, where a certificate belongs',
      /send it to a CA/,
    ],
    ['a request', () => request('PEM'), 'holds no certificate, but CERTIFICATE REQUEST', /send it to a CA/],
    ['a key in DER', keyDer, 'holds a private key, where a certificate belongs', /--private-key/],
    ['a key', keyPem, 'holds no certificate, but PRIVATE KEY', /--private-key/],
    [
      'a key in the armour of a certificate',
      () => armoured('CERTIFICATE', keyDer()),
      'holds a private key, where a certificate belongs',
      /--private-key/,
    ],
    ['a public key in DER', () => publicKey('DER'), 'holds a public key, where a certificate belongs', /./],
    [
      'revocations',
      () => revocations('DER'),
      'holds a list of revoked certificates, where a certificate belongs',
      /PKCS#12/,
    ],
    [
      'a Java keystore',
      () => jks,
      'holds a Java keystore',
      /^make it PKCS#12: keytool -importkeystore .* -deststoretype PKCS12$/,
    ],
    ['base64 of a Java keystore', () => base64(jks), 'is neither PEM nor DER', /PKCS#12/],
    ['a key of PuTTY', () => putty, "holds a key in PuTTY's own format", /puttygen FILE/],
    ['a key of OpenSSH', () => openSsh, "holds a key in OpenSSH's own format", /ssh-keygen -p -m PKCS8/],
    ['JSON', () => '{"kty":"EC"}', 'holds JSON', /JSON Web Key/],
    ['NSS', () => 'SQLite format 3\0', 'holds a database, of NSS perhaps', /pk12util/],
  ])('%s as a certificate', async (_, content, reason, hint) => {
    const error = await rejectionOf(readLeaf(content()));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toBe(`--certificate: the value given ${reason}`);
    expect(error.hints[0]).toMatch(hint);
  });

  test.each<[string, () => Content, string, string, RegExp]>([
    ['a certificate', certificatePem, 'KEY_INVALID', 'holds no private key, but CERTIFICATE', /--private-key/],
    [
      'a certificate in DER',
      () => certificateDer(leaf.certificate),
      'KEY_INVALID',
      'holds a certificate, where its private key belongs',
      /--private-key/,
    ],
    [
      'PKCS#7',
      () => pkcs7('DER'),
      'KEY_INVALID',
      'holds certificates alone (PKCS#7), where a private key belongs',
      /--private-key/,
    ],
    [
      'a request',
      () => request('DER'),
      'KEY_INVALID',
      'holds a certificate request, where a private key belongs',
      /CA/,
    ],
    [
      'a public key of OpenSSH',
      () => 'ssh-rsa AAAAB3NzaC1yc2E=',
      'KEY_UNSUPPORTED',
      'holds a public key of OpenSSH',
      /without \.pub/,
    ],
    ['a Java keystore', () => jks, 'KEY_UNSUPPORTED', 'holds a Java keystore', /keytool/],
    ['a key of PuTTY', () => putty, 'KEY_UNSUPPORTED', "holds a key in PuTTY's own format", /puttygen FILE/],
    [
      'a key of OpenSSH',
      () => openSsh,
      'KEY_UNSUPPORTED',
      "holds a key in OpenSSH's own format",
      /ssh-keygen -p -m PKCS8/,
    ],
    ['base64 of that', () => base64(openSsh), 'KEY_UNSUPPORTED', "holds a key in OpenSSH's own format", /ssh-keygen/],
  ])('%s as a private key', async (_, content, code, reason, hint) => {
    const error = await rejectionOf(openSigner({ privateKey: bytes(content(), '--private-key') }, recordingContext()));
    expect(error.code).toBe(code);
    expect(error.message).toBe(`--private-key: the value given ${reason}`);
    expect(error.hints[0]).toMatch(hint);
  });

  test('PKCS#12 in PEM as intermediates', async () => {
    const [certificate, privateKey] = [bytes(certificatePem()), bytes(keyPem(), '--private-key')];
    const intermediates = bytes(armoured('PKCS12', pkcs12()), '--intermediates');
    const error = await rejectionOf(openIdentity({ certificate, privateKey, intermediates }, recordingContext()));
    expect(error.message).toContain('is a PKCS#12 file, which can be given as --certificate only');
  });
});

test('DER is told apart by its fields', () => {
  expect(derKind(certificateDer(leaf.certificate))).toBe('certificate');
  expect(derKind(openssl(['x509', '-in', root.certificate, '-outform', 'DER']))).toBe('certificate');
  const old = makeLeaf(folder, 'version-one', root, { extensions: [] });
  expect(derKind(certificateDer(old.certificate))).toBe('certificate');
  expect(derKind(request('DER'))).toBe('request');
  expect(derKind(revocations('DER'))).toBe('revocations');
  for (const content of [pkcs12(), toBer(pkcs12())]) expect(derKind(content)).toBe('pkcs12');
  expect(derKind(openssl(['ec', '-in', leaf.key, '-outform', 'DER']))).toBe('sec1');
});

test('wrapping without end is not taken off without end', async () => {
  const error = await rejectionOf(readLeaf(`${'"'.repeat(500_000)}x${'"'.repeat(500_000)}`));
  expect(error.code).toBe('CERTIFICATE_INVALID');
});
