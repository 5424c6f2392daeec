import { createCipheriv, scryptSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSigner } from '../../../../src/identity/open-identity.ts';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';
import { elementsOf, onlyElement } from '../../../../src/identity/x509/der.ts';
import { makeFolder, makeKey, openssl, removeFolder } from '../../../support/openssl.ts';
import { rejectionOf } from '../../../support/thrown.ts';
import { bytes, password, recordingContext } from '../../given.ts';

let folder: string;
let rsa: string;
let ec: string;
beforeAll(() => {
  folder = makeFolder();
  rsa = makeKey(folder, 'rsa', 'rsa:2048');
  ec = makeKey(folder, 'ec', 'p256');
});
afterAll(() => removeFolder(folder));

const message = Buffer.from('to be signed');
const oid = (hex: string): Buffer => Buffer.from(hex, 'hex');
const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x30, ...parts);
const option = '--private-key';

/** A positive INTEGER in its shortest form: DER allows no other. */
function shortest(number: number): Buffer {
  const hex = number.toString(16);
  const whole = hex.length % 2 === 0 ? hex : `0${hex}`;
  return Buffer.from(whole < '80' ? whole : `00${whole}`, 'hex');
}

/** Opens the key, signs, and lets openssl say whether the signature is that of the key in `expected`. */
async function opensAs(expected: string, content: Uint8Array | string, secret?: string): Promise<void> {
  const context = recordingContext();
  const keyPassword = secret === undefined ? {} : { keyPassword: password(secret) };
  const { signer } = await openSigner({ privateKey: bytes(content, option), ...keyPassword }, context);
  const signature = join(folder, 'signature');
  writeFileSync(signature, await signer.sign(message));
  const verdict = openssl(['dgst', '-sha256', '-prverify', expected, '-signature', signature], message);
  expect(verdict.toString()).toBe('Verified OK\n');
  expect(context.warnings).toEqual([]);
}

const refusal = (content: Uint8Array | string, secret?: string): ReturnType<typeof rejectionOf> =>
  rejectionOf(
    openSigner(
      { privateKey: bytes(content, option), ...(secret === undefined ? {} : { keyPassword: password(secret) }) },
      recordingContext(),
    ),
  );

const parameters = (): string => openssl(['ecparam', '-name', 'prime256v1']).toString();
const oneLine = (pem: string): string => pem.replaceAll(/(?<!-)\n(?!-)/g, '');
const relabelled = (pem: string): string => pem.replaceAll('RSA PRIVATE KEY', 'PRIVATE KEY');
function versionTwo(): Buffer {
  const info = onlyElement(openssl(['pkcs8', '-topk8', '-nocrypt', '-in', ec, '-outform', 'DER']));
  const [, algorithm, key] = elementsOf(info.contents).map(({ encoded }) => encoded);
  const publicKey = encodeElement(0x81, Buffer.from([0]), Buffer.alloc(65, 4));
  return encodeElement(0x30, Buffer.from('020101', 'hex'), algorithm ?? Buffer.of(), key ?? Buffer.of(), publicKey);
}

const encrypted = (key: string, args: readonly string[], form = 'PEM'): Buffer =>
  openssl(['pkcs8', '-topk8', '-in', key, '-passout', 'pass:secret', '-outform', form, ...args]);

test.each([
  ['zeros', Buffer.alloc(100)],
  ['erased memory', Buffer.alloc(3, 0xff)],
  ['a line break', Buffer.from('\n')],
])('%s behind a DER key are passed over, as by openssl', async (_, padding) => {
  const path = join(folder, 'padded.der');
  for (const args of [['pkcs8', '-topk8', '-nocrypt'], ['ec'], ['pkcs8', '-topk8', '-passout', 'pass:secret']]) {
    const content = Buffer.concat([openssl([...args, '-in', ec, '-outform', 'DER']), padding]);
    writeFileSync(path, content);
    openssl(['pkey', '-in', path, '-inform', 'DER', '-passin', 'pass:secret', '-noout']);
    await opensAs(ec, content, 'secret');
  }
});

describe('formats', () => {
  test.each<[string, () => string, () => Uint8Array | string]>([
    ['RSA, PKCS#8, PEM', () => rsa, () => readFileSync(rsa)],
    ['RSA, PKCS#8, DER', () => rsa, () => openssl(['pkcs8', '-topk8', '-nocrypt', '-in', rsa, '-outform', 'DER'])],
    ['RSA, PKCS#1, PEM', () => rsa, () => openssl(['rsa', '-in', rsa, '-traditional'])],
    ['RSA, PKCS#1, DER', () => rsa, () => openssl(['rsa', '-in', rsa, '-traditional', '-outform', 'DER'])],
    ['EC, PKCS#8, PEM', () => ec, () => readFileSync(ec)],
    ['EC, PKCS#8, DER', () => ec, () => openssl(['pkcs8', '-topk8', '-nocrypt', '-in', ec, '-outform', 'DER'])],
    ['EC, SEC1, PEM', () => ec, () => openssl(['ec', '-in', ec])],
    ['EC, SEC1, DER', () => ec, () => openssl(['ec', '-in', ec, '-outform', 'DER'])],
    ['EC, SEC1 after its parameters', () => ec, () => `${parameters()}${openssl(['ec', '-in', ec]).toString()}`],
    ['EC, SEC1 before its parameters', () => ec, () => `${openssl(['ec', '-in', ec]).toString()}${parameters()}`],
    ['EC, SEC1 without its public key', () => ec, () => openssl(['ec', '-in', ec, '-no_public'])],
    ['EC, compressed', () => ec, () => openssl(['ec', '-in', ec, '-conv_form', 'compressed'])],
    ['with CR LF', () => ec, () => readFileSync(ec, 'utf8').replaceAll('\n', '\r\n')],
    ['with text around', () => ec, () => `Bag Attributes\n  friendlyName: x\n${readFileSync(ec, 'utf8')}\nend\n`],
    ['indented', () => ec, () => readFileSync(ec, 'utf8').replaceAll(/^/gm, '  ')],
    ['in one line of base64', () => ec, () => oneLine(readFileSync(ec, 'utf8'))],
    ['PKCS#1 called PRIVATE KEY', () => rsa, () => relabelled(openssl(['rsa', '-in', rsa, '-traditional']).toString())],
    ['PKCS#8 of version 2, with the public key', () => ec, versionTwo],
  ])('%s', async (_, expected, content) => {
    await opensAs(expected(), content());
  });

  test.each(['rsa:3072', 'p384', 'p521'] as const)('%s', async (keyType) => {
    const path = makeKey(folder, 'other', keyType);
    await opensAs(path, readFileSync(path));
  });

  test('a password for a key without one is ignored', async () => {
    await opensAs(ec, readFileSync(ec), 'not needed');
    await opensAs(ec, openssl(['ec', '-in', ec, '-outform', 'DER']), 'not needed');
  });
});

describe('encrypted PKCS#8', () => {
  test.each([
    ['-v2', 'aes-128-cbc'],
    ['-v2', 'aes-192-cbc'],
    ['-v2', 'aes-256-cbc'],
    ['-v2', 'aes-256-cfb'],
    ['-v2', 'aes-256-ofb'],
    ['-v2', 'des-ede3-cbc'],
    ['-v2', 'camellia-128-cbc'],
    ['-v2', 'camellia-256-cbc'],
    ['-v2', 'aria-192-cbc'],
    ['-v2', 'sm4-cbc'],
    ['-v2prf', 'hmacWithSHA1'],
    ['-v2prf', 'hmacWithSHA224'],
    ['-v2prf', 'hmacWithSHA256'],
    ['-v2prf', 'hmacWithSHA384'],
    ['-v2prf', 'hmacWithSHA512'],
    ['-v2prf', 'hmacWithSHA512-224'],
    ['-v2prf', 'hmacWithSHA512-256'],
    ['-v2prf', 'hmacWithMD5'],
    ['-iter', '1'],
    ['-iter', '600000'],
    ['-v1', 'PBE-SHA1-3DES'],
    ['-v1', 'PBE-SHA1-2DES'],
    ['-scrypt'],
    ['-scrypt', '-scrypt_N', '2', '-scrypt_r', '1', '-scrypt_p', '1'],
  ])('%s %s %s %s', async (...args) => {
    await opensAs(ec, encrypted(ec, args), 'secret');
  });

  // More than openssl itself wants to make, or node:crypto to read.
  test.each([
    [32_768, 8, 1],
    [65_536, 8, 2],
    [131_072, 4, 1],
  ])('scrypt N = %i, r = %i, p = %i', async (N, r, p) => {
    const info = openssl(['pkcs8', '-topk8', '-nocrypt', '-in', ec, '-outform', 'DER']);
    const [salt, iv] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)];
    const key = scryptSync('secret', salt, 32, { N, r, p, maxmem: 2 ** 30 });
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const numbers = [N, r, p].map((number) => encodeElement(0x02, shortest(number)));
    const kdf = sequence(oid('06092b06010401da47040b'), sequence(encodeElement(0x04, salt), ...numbers));
    const scheme = sequence(oid('060960864801650304012a'), encodeElement(0x04, iv));
    const pbes2 = sequence(oid('06092a864886f70d01050d'), sequence(kdf, scheme));
    await opensAs(ec, sequence(pbes2, encodeElement(0x04, cipher.update(info), cipher.final())), 'secret');
  });

  test('of RSA, and as DER', async () => {
    await opensAs(rsa, encrypted(rsa, []), 'secret');
    await opensAs(rsa, encrypted(rsa, [], 'DER'), 'secret');
  });

  test.each([
    'pbe-md5-des',
    'pbe-sha1-des',
    'pbe-md5-rc2-64',
    'pbe-sha1-rc2-64',
    'pbe-sha1-rc2-40',
    'pbe-sha1-rc4-128',
    'pbes2-des-cbc',
    'pbes2-rc2-cbc',
    'traditional-des',
  ])('fixture %s', async (name) => {
    const path = new URL(`../../../../certs-fixtures/made/${name}.key`, import.meta.url);
    const certificate = new URL('../../../../certs-fixtures/made/pbes1.pem', import.meta.url);
    const source = {
      privateKey: bytes(readFileSync(path), option),
      certificate: bytes(readFileSync(certificate)),
      keyPassword: password('changeit'),
    };
    const { signer } = await openSigner(source, recordingContext());
    // Verified against the certificate, or it would not come out.
    expect((await signer.sign(message)).length).toBeGreaterThan(60);
    const wrong = { ...source, keyPassword: password('wrong') };
    expect((await rejectionOf(openSigner(wrong, recordingContext()))).code).toBe('PASSWORD_WRONG');
  });

  const withPassword = (secret: string): Buffer => {
    const path = join(folder, 'password');
    writeFileSync(path, `${secret}\n`);
    return openssl(['pkcs8', '-topk8', '-in', ec, '-passout', `file:${path}`]);
  };

  test.each(['pässwörd', 'p\u{1F511}y', ' with blanks '])('password %j', async (secret) => {
    await opensAs(ec, withPassword(secret), secret);
  });

  test('the empty password is one, and no password is none', async () => {
    const content = withPassword('');
    await opensAs(ec, content, '');
    expect((await refusal(content)).code).toBe('PASSWORD_MISSING');
    for (const empty of ['', '\n']) {
      const path = join(folder, 'empty-password');
      writeFileSync(path, empty);
      const keyPassword = { option: '--pkcs8-password-file', kind: 'file', path } as const;
      const opened = await openSigner({ privateKey: bytes(content, option), keyPassword }, recordingContext());
      expect(opened.signer.algorithm).toBe('ECDSA');
    }
  });

  test('an empty password that does not open it is said to be empty, and a person is asked', async () => {
    const content = withPassword('secret');
    const error = await refusal(content, '');
    expect(error.code).toBe('PASSWORD_WRONG');
    expect(error.message).toBe('--private-key: the value given is not opened by the empty password given');
    const context = recordingContext(['secret']);
    await openSigner({ privateKey: bytes(content, option), keyPassword: password('') }, context);
    expect(context.questions).toHaveLength(1);
  });
});

describe('traditional encryption', () => {
  test.each(['-aes128', '-aes192', '-aes256', '-des3', '-camellia128', '-camellia256', '-aria128'])(
    '%s',
    async (cipher) => {
      const args = ['-traditional', cipher, '-passout', 'pass:secret'];
      await opensAs(rsa, openssl(['rsa', '-in', rsa, ...args]), 'secret');
      await opensAs(ec, openssl(['ec', '-in', ec, cipher, '-passout', 'pass:secret']), 'secret');
    },
  );

  test('with CR LF', async () => {
    const pem = openssl(['ec', '-in', ec, '-aes256', '-passout', 'pass:secret']).toString();
    expect(pem).toContain('Proc-Type: 4,ENCRYPTED');
    await opensAs(ec, pem.replaceAll('\n', '\r\n'), 'secret');
  });

  test('damaged headers are named', async () => {
    const pem = openssl(['ec', '-in', ec, '-aes256', '-passout', 'pass:secret']).toString();
    const unknown = await refusal(pem.replace('AES-256-CBC', 'FISH-CBC'), 'secret');
    expect(unknown.code).toBe('KEY_UNSUPPORTED');
    expect(unknown.message).toBe('--private-key: the value given is encrypted with FISH-CBC, which is not known');
    const shortIv = await refusal(pem.replace(/(DEK-Info: AES-256-CBC,....)\w+/, '$1'), 'secret');
    expect(shortIv.code).toBe('KEY_INVALID');
    expect(shortIv.message).toBe('--private-key: the value given is damaged: its DEK-Info has no IV for AES-256-CBC');
    const none = await refusal(pem.replace(/DEK-Info:.*\n/, ''), 'secret');
    expect(none.message).toBe('--private-key: the value given is encrypted with an unnamed cipher, which is not known');
  });
});

describe('a password', () => {
  const kinds = (): readonly Buffer[] => [
    openssl(['pkcs8', '-topk8', '-in', ec, '-passout', 'pass:secret']),
    openssl(['ec', '-in', ec, '-aes256', '-passout', 'pass:secret']),
    openssl(['pkcs8', '-topk8', '-scrypt', '-in', ec, '-passout', 'pass:secret', '-outform', 'DER']),
  ];

  test('that is wrong is an error, in every one of many tries', async () => {
    for (const content of kinds()) {
      const error = await refusal(content, 'wrong');
      expect(error.code).toBe('PASSWORD_WRONG');
      expect(error.message).toBe('--private-key: the value given is not opened by the password given');
      expect(JSON.stringify([error.message, error.hints])).not.toContain('wrong"');
    }
    // Among so many wrong passwords some leave a padding that looks right.
    const content = openssl(['pkcs8', '-topk8', '-iter', '1', '-in', ec, '-passout', 'pass:secret']);
    const codes = await Promise.all(
      Array.from({ length: 1500 }, async (_, index) => (await refusal(content, `wrong ${index}`)).code),
    );
    expect(new Set(codes)).toEqual(new Set(['PASSWORD_WRONG']));
  });

  test('that is missing is an error with the ways to give it', async () => {
    for (const content of kinds()) {
      const error = await refusal(content);
      expect(error.code).toBe('PASSWORD_MISSING');
      expect(error.message).toBe('--private-key: the value given is encrypted, and no password was given');
      expect(error.hints).toEqual([
        'give it with --pkcs8-password-file, --pkcs8-password-fd, the variable ROLES_ANYWHERE_PKCS8_PASSWORD or --pkcs8-password',
      ]);
    }
  });

  test('is asked for where there is somebody', async () => {
    for (const content of kinds()) {
      const context = recordingContext(['wrong', '', 'secret']);
      const { signer } = await openSigner({ privateKey: bytes(content, option) }, context);
      expect(signer.algorithm).toBe('ECDSA');
      const question = 'password of the private key the value given';
      expect(context.questions).toEqual([question, question, question]);
    }
  });

  test('is asked for three times at the most', async () => {
    const [content = Buffer.of()] = kinds();
    const context = recordingContext(['a', 'b', 'c', 'secret']);
    const error = await rejectionOf(openSigner({ privateKey: bytes(content, option) }, context));
    expect(error.code).toBe('PASSWORD_WRONG');
    expect(context.questions).toHaveLength(3);
  });

  test('is not asked for again by somebody who gives up', async () => {
    const [content = Buffer.of()] = kinds();
    const context = recordingContext([undefined, 'secret']);
    const error = await rejectionOf(openSigner({ privateKey: bytes(content, option) }, context));
    expect(error.code).toBe('PASSWORD_MISSING');
    expect(context.questions).toHaveLength(1);
  });

  test('is not asked for when a wrong one was given', async () => {
    const [content = Buffer.of()] = kinds();
    const context = recordingContext(['secret']);
    const source = { privateKey: bytes(content, option), keyPassword: password('wrong') };
    expect((await rejectionOf(openSigner(source, context))).code).toBe('PASSWORD_WRONG');
    expect(context.questions).toEqual([]);
  });

  test('may come from a file', async () => {
    const [content = Buffer.of()] = kinds();
    const path = join(folder, 'password');
    writeFileSync(path, 'secret\n');
    const keyPassword = { option: '--pkcs8-password-file', kind: 'file', path } as const;
    const { signer } = await openSigner({ privateKey: bytes(content, option), keyPassword }, recordingContext());
    expect(signer.algorithm).toBe('ECDSA');
    const missing = { ...keyPassword, path: `${path}-none` };
    const error = await rejectionOf(
      openSigner({ privateKey: bytes(content, option), keyPassword: missing }, recordingContext()),
    );
    expect(error.code).toBe('PASSWORD_UNREADABLE');
    expect(error.message).toBe(`--pkcs8-password-file: ${path}-none does not exist`);
  });
});

describe('what would take for ever is refused at once', () => {
  /** EncryptedPrivateKeyInfo with these parameters of its key derivation; nobody gets as far as its data. */
  const withKdf = (identifier: string, ...parameters: readonly Buffer[]): Buffer => {
    const kdf = encodeElement(0x30, Buffer.from(identifier, 'hex'), encodeElement(0x30, ...parameters));
    const iv = encodeElement(0x04, Buffer.alloc(16));
    const cipher = encodeElement(0x30, Buffer.from('060960864801650304012a', 'hex'), iv);
    const pbes2 = encodeElement(0x30, Buffer.from('06092a864886f70d01050d', 'hex'), encodeElement(0x30, kdf, cipher));
    return encodeElement(0x30, pbes2, encodeElement(0x04, Buffer.alloc(128)));
  };
  const salt = encodeElement(0x04, Buffer.alloc(8));
  const integer = (hex: string): Buffer => encodeElement(0x02, Buffer.from(hex, 'hex'));
  const pbkdf2 = '06092a864886f70d01050c';
  const scrypt = '06092b06010401da47040b';

  test.each([
    [
      'PBKDF2',
      withKdf(pbkdf2, salt, integer('7fffffff')),
      'takes the work of 2147483647 iterations, more than 5000000',
    ],
    ['PBKDF2', withKdf(pbkdf2, salt, integer('4c4b41')), 'takes the work of 5000001 iterations, more than 5000000'],
    [
      'memory of scrypt',
      withKdf(scrypt, salt, integer('200000'), integer('08'), integer('01')),
      'lets scrypt take more than 1 GiB (N = 2097152, r = 8)',
    ],
    [
      'time of scrypt',
      withKdf(scrypt, salt, integer('4000'), integer('08'), integer('0400')),
      'takes the work of 67108864 iterations, more than 5000000',
    ],
  ])('%s', async (_, content, reason) => {
    const error = await refusal(content, 'secret');
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toBe(`--private-key: the value given is encrypted in a way that ${reason}`);
    expect(error.hints).toHaveLength(1);
  });

  test('PKCS#12 schemes', async () => {
    const parameters = encodeElement(0x30, salt, integer('7fffffff'));
    const scheme = encodeElement(0x30, Buffer.from('060a2a864886f70d010c0103', 'hex'), parameters);
    const error = await refusal(encodeElement(0x30, scheme, encodeElement(0x04, Buffer.alloc(128))), 'secret');
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toContain('takes the work of 6442450941 iterations');
  });

  test('a key of PBKDF2 that is longer than any cipher takes is damage', async () => {
    const error = await refusal(withKdf(pbkdf2, salt, integer('01'), integer('41')), 'secret');
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toContain('is damaged: an integer is not between 0 and 64');
    // 64 bytes are read, and do not fit the cipher's key.
    expect((await refusal(withKdf(pbkdf2, salt, integer('01'), integer('40')), 'secret')).message).not.toContain(
      'is damaged: an integer is not between 0 and 64',
    );
  });

  test('no iterations at all are damage', async () => {
    const error = await refusal(withKdf(pbkdf2, salt, integer('00')), 'secret');
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toContain('is damaged: its iteration count is 0');
  });

  test('unknown schemes are named', async () => {
    const scheme = encodeElement(0x30, Buffer.from('0603551d0f', 'hex'));
    const error = await refusal(encodeElement(0x30, scheme, encodeElement(0x04, Buffer.alloc(128))), 'secret');
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toBe(
      '--private-key: the value given is encrypted with the scheme 2.5.29.15, which is not known',
    );
  });
});

describe('keys that Roles Anywhere does not know', () => {
  const hint = 'use RSA (2048 to 8192 bits), EC (P-256, P-384, P-521) or ML-DSA (44, 65, 87)';

  test.each([
    ['ed25519', 'Roles Anywhere takes no signatures by Ed25519 keys'],
    ['ed448', 'Roles Anywhere takes no signatures by Ed448 keys'],
    ['x25519', 'X25519 keys cannot sign'],
    ['rsa-pss:2048', 'RSA-PSS keys cannot make the PKCS#1 v1.5 signatures that Roles Anywhere asks for'],
    ['rsa:1024', 'RSA keys must have 2048 to 8192 bits, and this one has 1024'],
    ['secp256k1', 'Roles Anywhere takes no signatures by EC secp256k1 keys'],
    ['brainpoolP256r1', 'Roles Anywhere takes no signatures by EC brainpoolP256r1 keys'],
    ['dsa', 'Roles Anywhere takes no signatures by DSA keys'],
  ] as const)('%s', async (keyType, reason) => {
    const path = makeKey(folder, 'refused', keyType);
    const error = await refusal(readFileSync(path));
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toBe(`--private-key: the value given cannot be used: ${reason}`);
    expect(error.hints).toEqual([hint]);
    const encrypted = openssl(['pkcs8', '-topk8', '-in', path, '-passout', 'pass:secret', '-outform', 'DER']);
    expect((await refusal(encrypted, 'secret')).message).toBe(error.message);
  });

  test('RSA above 8192 bits', async () => {
    // Made of whatever numbers: nothing is signed with it.
    const modulus = Buffer.concat([Buffer.from('00', 'hex'), Buffer.alloc(1025, 0xff)]);
    const [one, big] = [Buffer.from('010001', 'hex'), Buffer.alloc(512, 0x7f)];
    const numbers = [modulus, one, modulus, big, big, big, big, big].map((number) => encodeElement(0x02, number));
    const der = encodeElement(0x30, Buffer.from('020100', 'hex'), ...numbers);
    const error = await refusal(der);
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toContain('RSA keys must have 2048 to 8192 bits, and this one has 8200');
  });

  test('DSA in its traditional form', async () => {
    const path = makeKey(folder, 'refused', 'dsa');
    for (const form of ['PEM', 'DER']) {
      const error = await refusal(openssl(['dsa', '-in', path, '-outform', form]));
      expect(error.code).toBe('KEY_UNSUPPORTED');
      expect(error.message).toContain('Roles Anywhere takes no signatures by DSA keys');
    }
  });

  test('a curve that is spelled out', async () => {
    const explicit = ['-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit'];
    const error = await refusal(openssl(['genpkey', '-algorithm', 'EC', ...explicit]));
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toContain('EC keys must name their curve, and this one spells it out');
  });

  test('OpenSSH', async () => {
    const pem = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n';
    const error = await refusal(pem);
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toBe("--private-key: the value given holds a key in OpenSSH's own format");
    expect(error.hints).toEqual(['write a copy of it as PKCS#8: ssh-keygen -p -m PKCS8 -f COPY']);
  });
});

describe('what is no private key', () => {
  const publicKey = (): Buffer => openssl(['pkey', '-in', ec, '-pubout']);
  const certificate = (form = 'PEM'): Buffer =>
    openssl(['req', '-x509', '-new', '-key', ec, '-subj', '/CN=x', '-outform', form]);

  test.each<[string, () => Uint8Array | string, string]>([
    ['a public key', publicKey, 'holds no private key, but PUBLIC KEY'],
    [
      'a public key in DER',
      () => openssl(['pkey', '-in', ec, '-pubout', '-outform', 'DER']),
      'holds a public key, where the private one belongs',
    ],
    ['a certificate', certificate, 'holds no private key, but CERTIFICATE'],
    ['a certificate in DER', () => certificate('DER'), 'holds a certificate, where its private key belongs'],
    ['text', () => 'hello', 'holds no private key, neither PEM nor DER'],
    ['zeros', () => Buffer.alloc(100), 'holds no private key, neither PEM nor DER'],
    [
      'a truncated DER key',
      () => openssl(['ec', '-in', ec, '-outform', 'DER']).subarray(0, 50),
      'is damaged: it ends too early',
    ],
    [
      'an unknown structure',
      () => encodeElement(0x30, Buffer.from('0500', 'hex')),
      'holds no private key that can be recognised',
    ],
    [
      'a damaged PEM key',
      () => readFileSync(ec, 'utf8').replace('M', '!'),
      'is damaged: the block PRIVATE KEY in line 1 is not base64',
    ],
    [
      'a PEM key without its end',
      () => readFileSync(ec, 'utf8').split('-----END')[0] ?? '',
      'is damaged: the block PRIVATE KEY in line 1 has no line -----END PRIVATE KEY-----',
    ],
    [
      'an EC key without its numbers',
      () => encodeElement(0x30, Buffer.from('020101', 'hex'), encodeElement(0x04, Buffer.alloc(32))),
      'holds a private key that cannot be read',
    ],
  ])('%s', async (_, content, reason) => {
    const error = await refusal(content());
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toBe(`--private-key: the value given ${reason}`);
  });
});

test('an RSA key whose numbers do not fit together is an error when it signs', async () => {
  const der = openssl(['rsa', '-in', rsa, '-traditional', '-outform', 'DER']);
  const numbers = elementsOf(onlyElement(der).contents).map(({ encoded }) => Buffer.from(encoded));
  // RSAPrivateKey: version, modulus, … ; an even modulus is no product of two odd primes.
  const modulus = numbers[1] ?? Buffer.of();
  modulus[modulus.length - 1] = 0;
  const source = { privateKey: bytes(encodeElement(0x30, ...numbers), option) };
  const { signer } = await openSigner(source, recordingContext());
  const error = await rejectionOf(signer.sign(message));
  expect(error.code).toBe('SIGNATURE_INVALID');
  expect(error.message).toBe('the private key cannot sign: its numbers do not fit together');
});
