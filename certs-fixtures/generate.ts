/**
 * Makes certs-fixtures/made: what tests need and openssl 3.0 cannot make. Run it with `npm run fixtures` on a machine
 * with keytool (Java), certtool (GnuTLS) and openssl with its legacy provider; see README.md beside this file.
 */
import { execFileSync } from 'node:child_process';
import { createCipheriv, createPrivateKey, pbkdf2Sync, randomBytes, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { encodeElement } from '../src/identity/x509/der-writer.ts';
import { certificateDer, type Issued, makeCa, makeLeaf, makePkcs12 } from '../test/support/openssl.ts';

const made = fileURLToPath(new URL('made/', import.meta.url));
const password = 'changeit';
const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2056-01-01T00:00:00Z');
const validDays = '10000';

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** PKCS#12 of Java's keytool: the chain made by keytool itself, in today's encryption and in that of Java 8. */
function makeKeytoolFiles(work: string): void {
  const store = (name: string): readonly string[] => ['-keystore', join(work, name), '-storepass', password];
  const key = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', validDays];
  run(
    'keytool',
    '-genkeypair',
    ...store('ca.p12'),
    ...key,
    '-alias',
    'ca',
    '-dname',
    'CN=keytool CA',
    '-ext',
    'bc:c=ca:true',
  );
  run('keytool', '-exportcert', ...store('ca.p12'), '-alias', 'ca', '-rfc', '-file', join(work, 'ca.pem'));
  for (const [name, legacy] of [
    ['keytool', []],
    ['keytool-legacy', ['-J-Dkeystore.pkcs12.legacy']],
  ] as const) {
    const file = `${name}.p12`;
    const usage = ['-ext', 'ku:c=digitalSignature', '-ext', 'bc=ca:false'];
    run('keytool', ...legacy, '-genkeypair', ...store(file), ...key, '-alias', 'leaf', '-dname', `CN=${name}`);
    run(
      'keytool',
      ...legacy,
      '-importcert',
      ...store(file),
      '-noprompt',
      '-alias',
      'ca',
      '-file',
      join(work, 'ca.pem'),
    );
    run('keytool', '-certreq', ...store(file), '-alias', 'leaf', '-file', join(work, 'leaf.csr'));
    const issued = join(work, 'leaf.pem');
    run(
      'keytool',
      '-gencert',
      ...store('ca.p12'),
      '-alias',
      'ca',
      '-validity',
      validDays,
      ...usage,
      '-infile',
      join(work, 'leaf.csr'),
      '-outfile',
      issued,
      '-rfc',
    );
    run('keytool', ...legacy, '-importcert', ...store(file), '-noprompt', '-alias', 'leaf', '-file', issued);
    writeFileSync(join(made, file), readFileSync(join(work, file)));
  }
}

/** PKCS#12 of GnuTLS, with its 600 000 iterations. */
function makeGnutlsFile(work: string, root: Issued): void {
  const leaf = makeLeaf(work, 'gnutls', root, { notBefore, notAfter });
  const files = [
    '--load-certificate',
    leaf.certificate,
    '--load-privkey',
    leaf.key,
    '--load-ca-certificate',
    root.certificate,
  ];
  const output = ['--to-p12', '--outder', '--p12-name', 'leaf', '--password', password];
  run('certtool', ...files, ...output, '--outfile', join(made, 'gnutls.p12'));
}

/** As Windows up to 8.1 and `openssl -legacy` write it: RC2-40 for certificates, 3DES for the key; and RC4. */
function makeLegacyFiles(work: string, root: Issued): void {
  const leaf = makeLeaf(work, 'legacy', root, { notBefore, notAfter });
  const variants = {
    legacy: ['-legacy'],
    'legacy-rc2-128': ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-2DES'],
    'legacy-rc4': ['-legacy', '-certpbe', 'PBE-SHA1-RC4-40', '-keypbe', 'PBE-SHA1-RC4-128'],
  };
  for (const [name, args] of Object.entries(variants)) {
    const file = makePkcs12(work, name, leaf, { password, others: [root], args });
    writeFileSync(join(made, `${name}.p12`), readFileSync(file));
  }
  writeFileSync(join(made, 'legacy.pem'), readFileSync(leaf.certificate));
}

/** Old encryptions of a PKCS#8 file, which openssl 3 makes with its legacy provider only. */
function makeLegacyKeys(work: string, root: Issued): void {
  const leaf = makeLeaf(work, 'pbes1', root, { notBefore, notAfter });
  writeFileSync(join(made, 'pbes1.pem'), readFileSync(leaf.certificate));
  for (const scheme of [
    'PBE-MD5-DES',
    'PBE-SHA1-DES',
    'PBE-MD5-RC2-64',
    'PBE-SHA1-RC2-64',
    'PBE-SHA1-RC2-40',
    'PBE-SHA1-RC4-128',
  ]) {
    const out = join(made, `${scheme.toLowerCase()}.key`);
    run(
      'openssl',
      'pkcs8',
      '-topk8',
      '-provider',
      'default',
      '-provider',
      'legacy',
      '-v1',
      scheme,
      '-in',
      leaf.key,
      '-passout',
      `pass:${password}`,
      '-out',
      out,
    );
  }
  for (const cipher of ['des-cbc', 'rc2-cbc']) {
    const out = join(made, `pbes2-${cipher}.key`);
    run(
      'openssl',
      'pkcs8',
      '-topk8',
      '-provider',
      'default',
      '-provider',
      'legacy',
      '-v2',
      cipher,
      '-in',
      leaf.key,
      '-passout',
      `pass:${password}`,
      '-out',
      out,
    );
  }
  const traditional = [
    'ec',
    '-provider',
    'default',
    '-provider',
    'legacy',
    '-in',
    leaf.key,
    '-passout',
    `pass:${password}`,
  ];
  run('openssl', ...traditional, '-des', '-out', join(made, 'traditional-des.key'));
}

const mlDsa = [
  { name: 'ml-dsa-44', identifier: '0609608648016503040311', scheme: ml_dsa44 },
  { name: 'ml-dsa-65', identifier: '0609608648016503040312', scheme: ml_dsa65 },
  { name: 'ml-dsa-87', identifier: '0609608648016503040313', scheme: ml_dsa87 },
] as const;

const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x30, ...parts);
const octets = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x04, ...parts);
const bits = (bytes: Uint8Array): Buffer => encodeElement(0x03, Buffer.of(0), bytes);
const zero = encodeElement(0x02, Buffer.of(0));

/** ML-DSA keys in the three forms of RFC 9881, each plain and encrypted, with certificates by an EC and an ML-DSA CA. */
function makeMlDsaFiles(ecRoot: Issued): void {
  const ca = makeMlDsaKey(mlDsa[1]);
  writeFileSync(join(made, 'ml-dsa-ca.pem'), pem('CERTIFICATE', makeMlDsaCa(ca)));
  for (const row of mlDsa) {
    const key = makeMlDsaKey(row);
    const forms = {
      seed: encodeElement(0x80, key.seed),
      expanded: octets(key.secretKey),
      both: sequence(octets(key.seed), octets(key.secretKey)),
    };
    for (const [form, privateKey] of Object.entries(forms)) {
      const info = sequence(zero, sequence(key.identifier), octets(privateKey));
      writeFileSync(join(made, `${row.name}-${form}.key`), pem('PRIVATE KEY', info));
    }
    const seedInfo = sequence(zero, sequence(key.identifier), octets(forms.seed));
    writeFileSync(join(made, `${row.name}-encrypted.key`), pem('ENCRYPTED PRIVATE KEY', encrypt(seedInfo)));
    writeFileSync(join(made, `${row.name}-by-ec.pem`), pem('CERTIFICATE', certifyByEc(row.name, key, ecRoot)));
    writeFileSync(join(made, `${row.name}-by-ml-dsa.pem`), pem('CERTIFICATE', certifyByMlDsa(row.name, key, ca)));
  }
}

interface MlDsaKey {
  readonly identifier: Buffer;
  readonly seed: Buffer;
  readonly secretKey: Uint8Array;
  readonly publicKeyInfo: Buffer;
  readonly signAlgorithm: (message: Uint8Array) => Uint8Array;
}

function makeMlDsaKey({ identifier, scheme }: (typeof mlDsa)[number]): MlDsaKey {
  const seed = randomBytes(32);
  const { secretKey, publicKey } = scheme.keygen(seed);
  const oid = Buffer.from(identifier, 'hex');
  return {
    identifier: oid,
    seed,
    secretKey,
    publicKeyInfo: sequence(sequence(oid), bits(publicKey)),
    signAlgorithm: (message) => scheme.sign(message, secretKey),
  };
}

const caName = nameOf('ML-DSA CA');

function makeMlDsaCa(ca: MlDsaKey): Buffer {
  const extensions = [
    extension('0603551d13', true, sequence(encodeElement(0x01, Buffer.of(0xff)))),
    extension('0603551d0f', true, encodeElement(0x03, Buffer.of(1, 0x06))),
  ];
  const tbs = tbsCertificate({
    algorithm: sequence(ca.identifier),
    issuer: caName,
    subject: caName,
    publicKeyInfo: ca.publicKeyInfo,
    extensions,
  });
  return sequence(tbs, sequence(ca.identifier), bits(ca.signAlgorithm(tbs)));
}

function certifyByMlDsa(name: string, key: MlDsaKey, ca: MlDsaKey): Buffer {
  const algorithm = sequence(ca.identifier);
  const tbs = leafCertificate(name, key, { algorithm, issuer: caName });
  return sequence(tbs, algorithm, bits(ca.signAlgorithm(tbs)));
}

function certifyByEc(name: string, key: MlDsaKey, root: Issued): Buffer {
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  const tbs = leafCertificate(name, key, { algorithm: ecdsaWithSha256, issuer: nameOf('fixture root') });
  const signature = sign('sha256', tbs, createPrivateKey(readFileSync(root.key)));
  return sequence(tbs, ecdsaWithSha256, bits(signature));
}

function leafCertificate(
  name: string,
  { publicKeyInfo }: MlDsaKey,
  by: { readonly algorithm: Buffer; readonly issuer: Buffer },
): Buffer {
  const extensions = [
    extension('0603551d13', true, sequence()),
    extension('0603551d0f', true, encodeElement(0x03, Buffer.of(7, 0x80))),
  ];
  return tbsCertificate({ ...by, subject: nameOf(name), publicKeyInfo, extensions });
}

interface Tbs {
  readonly algorithm: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKeyInfo: Buffer;
  readonly extensions: readonly Buffer[];
}

/** TBSCertificate (RFC 5280, section 4.1). */
function tbsCertificate({ algorithm, issuer, subject, publicKeyInfo, extensions }: Tbs): Buffer {
  const version3 = encodeElement(0xa0, encodeElement(0x02, Buffer.of(2)));
  const serial = encodeElement(0x02, Buffer.concat([Buffer.of(0x4a), randomBytes(15)]));
  const validity = sequence(generalizedTime(notBefore), generalizedTime(notAfter));
  return sequence(
    version3,
    serial,
    algorithm,
    issuer,
    validity,
    subject,
    publicKeyInfo,
    encodeElement(0xa3, sequence(...extensions)),
  );
}

function extension(identifier: string, critical: boolean, value: Buffer): Buffer {
  const parts = [
    Buffer.from(identifier, 'hex'),
    ...(critical ? [encodeElement(0x01, Buffer.of(0xff))] : []),
    octets(value),
  ];
  return sequence(...parts);
}

function nameOf(commonName: string): Buffer {
  const attribute = sequence(Buffer.from('0603550403', 'hex'), encodeElement(0x0c, Buffer.from(commonName)));
  return sequence(encodeElement(0x31, attribute));
}

/** RFC 5280 has UTCTime until 2049. */
function generalizedTime(date: Date): Buffer {
  const text = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? encodeElement(0x17, Buffer.from(text.slice(2)))
    : encodeElement(0x18, Buffer.from(text));
}

/** EncryptedPrivateKeyInfo with PBES2, PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018). */
function encrypt(info: Buffer): Buffer {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const iterations = 2048;
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password, salt, iterations, 32, 'sha256'), iv);
  const hmacWithSha256 = sequence(Buffer.from('06082a864886f70d0209', 'hex'), encodeElement(0x05));
  const kdf = sequence(
    octets(salt),
    encodeElement(0x02, Buffer.of(iterations >> 8, iterations & 0xff)),
    hmacWithSha256,
  );
  const pbes2 = sequence(
    Buffer.from('06092a864886f70d01050d', 'hex'),
    sequence(
      sequence(Buffer.from('06092a864886f70d01050c', 'hex'), kdf),
      sequence(Buffer.from('060960864801650304012a', 'hex'), octets(iv)),
    ),
  );
  return sequence(pbes2, octets(cipher.update(info), cipher.final()));
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

const work = mkdtempSync(join(tmpdir(), 'roles-anywhere-fixtures-'));
try {
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  const root = makeCa(work, 'root', { subject: '/CN=fixture root', notBefore, notAfter });
  writeFileSync(join(made, 'root.pem'), pem('CERTIFICATE', certificateDer(root.certificate)));
  makeKeytoolFiles(work);
  makeGnutlsFile(work, root);
  makeLegacyFiles(work, root);
  makeLegacyKeys(work, root);
  makeMlDsaFiles(root);
  // Made once: finding primes of this size takes anything from seconds to minutes.
  run(
    'openssl',
    'genpkey',
    '-algorithm',
    'RSA',
    '-pkeyopt',
    'rsa_keygen_bits:8192',
    '-out',
    join(made, 'rsa-8192.key'),
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}
