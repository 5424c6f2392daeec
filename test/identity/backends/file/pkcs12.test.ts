import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SigningIdentity } from '../../../../src/identity/identity.ts';
import { openIdentity } from '../../../../src/identity/open-identity.ts';
import { readCertificate } from '../../../../src/identity/read-certificate.ts';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';
import { elementsOf, onlyElement, sequenceOf } from '../../../../src/identity/x509/der.ts';
import { subjectOf } from '../../../../src/identity/x509/explain-leaf.ts';
import { useIssuedChain } from '../../../support/issued-chain.ts';
import { certificateDer, type Issued, makeLeaf, makePkcs12, openssl } from '../../../support/openssl.ts';
import { rejectionOf } from '../../../support/thrown.ts';
import { bytes, file, password, recordingContext } from '../../given.ts';
import { bagsOf, nestedBag, pkcs12Of, toBer, withMac, withPbmac1 } from './pkcs12-parts.ts';

let folder: string;
let root: Issued;
let sub: Issued;
let leaf: Issued;
let rsaLeaf: Issued;
useIssuedChain((made) => ({ folder, root, sub, leaf } = made));
beforeAll(() => {
  rsaLeaf = makeLeaf(folder, 'rsa-leaf', sub, { keyType: 'rsa:2048' });
});

const made = (secret: string, args: readonly string[] = [], others: readonly Issued[] = [root, sub]): Buffer =>
  readFileSync(makePkcs12(folder, 'made', leaf, { password: secret, others, args }));

const plain = ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'];

const open = (content: Uint8Array, secret?: string): Promise<SigningIdentity> =>
  openIdentity(
    { certificate: bytes(content), ...(secret === undefined ? {} : { keyPassword: password(secret) }) },
    recordingContext(),
  );

/** The leaf and its chain, as they would be sent; the signature is checked on its way out. */
async function expectLeaf(identity: SigningIdentity, expected: Issued = leaf): Promise<void> {
  expect(Buffer.from(identity.certificate.der)).toEqual(certificateDer(expected.certificate));
  expect(identity.chain.map(({ der }) => Buffer.from(der))).toEqual([certificateDer(sub.certificate)]);
  expect((await identity.signer.sign(Buffer.from('message'))).length).toBeGreaterThan(60);
}

describe('openssl', () => {
  test.each<readonly string[]>([
    [],
    ['-legacy'],
    ['-descert'],
    ['-keypbe', 'aes-128-cbc', '-certpbe', 'aes-192-cbc'],
    ['-keypbe', 'camellia-256-cbc', '-certpbe', 'camellia-128-cbc'],
    ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-2DES'],
    ['-keypbe', 'NONE'],
    ['-certpbe', 'NONE'],
    ['-keypbe', 'NONE', '-certpbe', 'NONE'],
    ['-macalg', 'sha1'],
    ['-macalg', 'sha224'],
    ['-macalg', 'sha384'],
    ['-macalg', 'sha512'],
    ['-macalg', 'md5'],
    ['-macalg', 'ripemd160'],
    ['-macalg', 'sha512-224'],
    ['-macalg', 'sha512-256'],
    ['-macalg', 'sha3-224'],
    ['-macalg', 'sha3-256'],
    ['-macalg', 'sha3-384'],
    ['-macalg', 'sha3-512'],
    ['-macalg', 'sm3'],
    ['-iter', '1'],
    ['-noiter', '-nomaciter'],
    ['-iter', '20000'],
    ['-nomac'],
    ['-name', 'a friendly name', '-caname', 'another'],
  ])('%s %s %s %s', async (...args) => {
    const provider = args.includes('-legacy') ? [] : ['-provider', 'default', '-provider', 'legacy'];
    await expectLeaf(await open(made('secret', [...args, ...provider]), 'secret'));
  });

  test('RSA', async () => {
    const content = readFileSync(makePkcs12(folder, 'rsa', rsaLeaf, { password: 'secret', others: [sub] }));
    await expectLeaf(await open(content, 'secret'), rsaLeaf);
  });

  test.each(['pässwörd', 'p\u{1F511}y', 'пароль', ' with blanks '])('password %j', async (secret) => {
    for (const args of [[], ['-legacy'], ['-macalg', 'sha512']]) {
      const content = made(secret, args);
      await expectLeaf(await open(content, secret));
      expect((await rejectionOf(open(content, `${secret}x`))).code).toBe('PASSWORD_WRONG');
    }
  });
});

describe('others', () => {
  const fixture = (name: string): Buffer =>
    readFileSync(new URL(`../../../../certs-fixtures/made/${name}.p12`, import.meta.url));

  test.each([
    ['keytool', 'CN=keytool', 0],
    ['keytool-legacy', 'CN=keytool-legacy', 0],
    ['gnutls', 'CN=gnutls', 0],
    ['legacy', 'CN=legacy', 0],
    ['legacy-rc2-128', 'CN=legacy', 0],
    ['legacy-rc4', 'CN=legacy', 0],
  ])('%s', async (name, subject, chainLength) => {
    const identity = await open(fixture(name), 'changeit');
    expect(subjectOf(identity.certificate)).toBe(subject);
    expect(identity.chain).toHaveLength(chainLength);
    expect((await identity.signer.sign(Buffer.from('message'))).length).toBeGreaterThan(60);
    const error = await rejectionOf(open(fixture(name), 'wrong'));
    expect(error.code).toBe('PASSWORD_WRONG');
    expect(error.message).toBe('--certificate: the value given is not opened by the password given');
  });

  test('BER with indefinite lengths, as Windows and NSS have it', async () => {
    await expectLeaf(await open(toBer(made('secret')), 'secret'));
    await expectLeaf(await open(toBer(made('secret', ['-legacy'])), 'secret'));
    await expectLeaf(await open(toBer(made('', plain))));
    expect((await rejectionOf(open(toBer(made('secret')), 'wrong'))).code).toBe('PASSWORD_WRONG');
  });

  test('PBMAC1', async () => {
    const content = withPbmac1(made('pässwörd'), 'pässwörd');
    await expectLeaf(await open(content, 'pässwörd'));
    expect((await rejectionOf(open(content, 'wrong'))).code).toBe('PASSWORD_WRONG');
    const tampered = withPbmac1(made('other'), 'pässwörd');
    expect((await rejectionOf(open(tampered, 'pässwörd'))).code).toBe('PASSWORD_WRONG');
  });

  test('bags inside of bags', async () => {
    const bags = bagsOf(made('', plain));
    await expectLeaf(await open(pkcs12Of([nestedBag([nestedBag(bags)])])));
    let deep = nestedBag(bags);
    for (let depth = 0; depth < 9; depth++) deep = nestedBag([deep]);
    const error = await rejectionOf(open(pkcs12Of([deep])));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toBe('--certificate: the value given is damaged: it nests too deeply');
  });
});

describe('passwords', () => {
  test('that are empty need not be given', async () => {
    for (const args of [[], ['-legacy'], ['-nomac'], ['-macalg', 'sha384']]) {
      await expectLeaf(await open(made('', args)));
      await expectLeaf(await open(made('', args), ''));
    }
  });

  test('that are not there at all are a form of their own', async () => {
    // GnuTLS makes such files: the key derivation gets no bytes at all, not even the terminating zero.
    const content = made('', plain);
    await expectLeaf(await open(await withMac(content, undefined)));
  });

  test('that are wrong are an error', async () => {
    for (const args of [[], ['-legacy'], ['-nomac'], ['-nomac', '-certpbe', 'NONE'], ['-nomac', '-legacy']]) {
      const error = await rejectionOf(open(made('secret', args), 'wrong'));
      expect(error.code).toBe('PASSWORD_WRONG');
      expect(error.message).toBe('--certificate: the value given is not opened by the password given');
    }
  });

  test('that are missing are an error', async () => {
    for (const args of [[], ['-legacy'], ['-nomac'], ['-nomac', '-legacy']]) {
      const error = await rejectionOf(open(made('secret', args)));
      expect(error.code).toBe('PASSWORD_MISSING');
      expect(error.message).toBe('--certificate: the value given is encrypted, and no password was given');
      expect(error.hints[0]).toContain('--pkcs8-password');
    }
  });

  test('are asked for once, though the file is certificate and key', async () => {
    const path = makePkcs12(folder, 'asked', leaf, { password: 'secret', others: [sub] });
    const context = recordingContext(['secret']);
    await expectLeaf(await openIdentity({ certificate: file(path), privateKey: file(path, '--private-key') }, context));
    expect(context.questions).toEqual([`password of ${path}`]);
  });

  test('of a file that needs none are ignored', async () => {
    await expectLeaf(await open(made('', plain), 'not needed'));
  });
});

describe('keys with a password of their own', () => {
  const keyArgs = ['-certpbe', 'NONE', '-nomac'];
  const bagsWith = (secret: string, issued = leaf): readonly Uint8Array[] =>
    bagsOf(
      readFileSync(makePkcs12(folder, 'own-password', issued, { password: secret, others: [sub], args: keyArgs })),
    );

  /** As Java's KeyStore writes it: one password for the file, and one for each key. */
  const storeOf = (...bags: readonly Uint8Array[]): Promise<Buffer> => withMac(pkcs12Of(bags), 'store');
  const message =
    '--certificate: the value given holds a private key that is encrypted with another password than the file';

  const openCertificate = (content: Uint8Array): ReturnType<typeof readCertificate> =>
    readCertificate({ certificate: bytes(content), keyPassword: password('store') }, recordingContext());

  test('end no call that needs the certificates only', async () => {
    const content = await storeOf(...[...bagsWith('other')].reverse());
    const path = join(folder, 'store.p12');
    writeFileSync(path, content);
    // Throws where openssl finds the MAC wrong.
    openssl(['pkcs12', '-in', path, '-passin', 'pass:store', '-nokeys', '-noout']);
    expect(Buffer.from((await openCertificate(content)).der)).toEqual(certificateDer(leaf.certificate));
  });

  test('neither do keys encrypted by what nobody knows', async () => {
    const [aes256Cbc, aes256Gcm] = ['60864801650304012a', '60864801650304012e'];
    const content = await storeOf(
      ...bagsWith('store').map((bag) =>
        Buffer.from(Buffer.from(bag).toString('hex').replace(aes256Cbc, aes256Gcm), 'hex'),
      ),
    );
    expect(Buffer.from((await openCertificate(content)).der)).toEqual(certificateDer(leaf.certificate));
    expect((await rejectionOf(open(content, 'store'))).code).toBe('KEY_UNSUPPORTED');
  });

  test('are told apart from a file that the password does not open', async () => {
    const error = await rejectionOf(open(await storeOf(...bagsWith('other')), 'store'));
    expect(error.code).toBe('PASSWORD_WRONG');
    expect(error.message).toBe(message);
    expect(error.hints[0]).toContain('keytool -importkeystore');
    const wrong = await rejectionOf(open(await storeOf(...bagsWith('other')), 'wrong'));
    expect(wrong.message).toBe('--certificate: the value given is not opened by the password given');
  });

  test('and nobody is asked for a password that has opened the file', async () => {
    const context = recordingContext(['store', 'store']);
    const path = join(folder, 'asked-store.p12');
    writeFileSync(path, await storeOf(...bagsWith('other')));
    const source = { certificate: file(path), privateKey: file(path, '--private-key') };
    expect((await rejectionOf(openIdentity(source, context))).message).toContain('another password than the file');
    expect(context.questions).toHaveLength(1);
  });

  test('leave the other keys of the file alone', async () => {
    const content = await storeOf(...bagsWith('other', rsaLeaf), ...bagsWith('store'));
    await expectLeaf(await open(content, 'store'));
  });

  test('without a MAC the key alone tells that its password is wrong, and is asked for', async () => {
    const content = pkcs12Of(bagsWith('other'));
    expect((await rejectionOf(open(content, 'store'))).message).toContain('is not opened by the password given');
    const context = recordingContext(['other']);
    await expectLeaf(await openIdentity({ certificate: bytes(content) }, context));
    expect(context.questions).toHaveLength(1);
    expect(Buffer.from((await openCertificate(content)).der)).toEqual(certificateDer(leaf.certificate));
  });
});

test('what Firefox and GnuTLS write, with 600 000 rounds', async () => {
  await expectLeaf(await open(made('secret', ['-iter', '600000']), 'secret'));
});

test.each([
  ['zeros, as Windows writes them', Buffer.alloc(8)],
  ['erased memory', Buffer.alloc(300, 0xff)],
  ['a line break', Buffer.from('\r\n')],
])('%s behind the file', async (_, padding) => {
  for (const content of [made('secret'), toBer(made('secret'))]) {
    await expectLeaf(await open(Buffer.concat([content, padding]), 'secret'));
  }
  const error = await rejectionOf(open(Buffer.concat([made('secret'), padding, Buffer.of(1)]), 'secret'));
  expect(error.message).toContain('is damaged: something follows its end');
});

describe('the leaf', () => {
  test('is found by its key and not by its place', async () => {
    const bags = bagsOf(made('', plain));
    await expectLeaf(await open(pkcs12Of([...bags].reverse())));
    const [first, second, third, key] = bags;
    const shuffled = [third, key, second, first].filter((bag) => bag !== undefined);
    expect(shuffled).toHaveLength(4);
    await expectLeaf(await open(pkcs12Of(shuffled)));
  });

  const bagsFor = (issued: Issued): readonly Uint8Array[] =>
    bagsOf(readFileSync(makePkcs12(folder, 'one', issued, { args: plain })));

  test('of several is the one that can be used', async () => {
    const old = makeLeaf(folder, 'old', sub, { notAfter: new Date(Date.now() - 60_000) });
    const bags = [...bagsFor(old), ...bagsFor(leaf), ...bagsFor(sub)];
    const content = pkcs12Of(bags);
    await expectLeaf(await open(content));
  });

  test('of several that could be used is refused', async () => {
    const error = await rejectionOf(open(pkcs12Of([...bagsFor(leaf), ...bagsFor(rsaLeaf)])));
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toBe(
      '--certificate: the value given holds 2 private keys with certificates that could be used: CN=leaf; CN=rsa-leaf',
    );
    expect(error.hints).toEqual(['export the one that is meant into a file of its own']);
  });

  test('of several that cannot be used is refused with the reason of the first', async () => {
    const expired = { notAfter: new Date(Date.now() - 60_000) };
    const [one, two] = [makeLeaf(folder, 'one', sub, expired), makeLeaf(folder, 'two', sub, expired)];
    const error = await rejectionOf(open(pkcs12Of([...bagsFor(one), ...bagsFor(two)])));
    expect(error.code).toBe('CERTIFICATE_EXPIRED');
    expect(error.message).toContain('holds the certificate CN=one, which expired on');
  });

  test('of a key that cannot be used is refused, unless there is another', async () => {
    const ed25519 = makeLeaf(folder, 'ed25519', sub, { keyType: 'ed25519' });
    const error = await rejectionOf(open(pkcs12Of(bagsFor(ed25519))));
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toContain('Roles Anywhere takes no signatures by Ed25519 keys');
    const small = makeLeaf(folder, 'small', sub, { keyType: 'rsa:1024' });
    const content = pkcs12Of([...bagsFor(ed25519), ...bagsFor(small), ...bagsFor(leaf), ...bagsFor(sub)]);
    await expectLeaf(await open(content));
  });
});

describe('beside other files', () => {
  test('a PKCS#12 as the private key of a certificate', async () => {
    const path = makePkcs12(folder, 'key', leaf, { password: 'secret', others: [sub, root] });
    const source = {
      certificate: file(leaf.certificate),
      privateKey: file(path, '--private-key'),
      keyPassword: password('secret'),
    };
    await expectLeaf(await openIdentity(source, recordingContext()));
    const other = { ...source, certificate: file(rsaLeaf.certificate) };
    expect((await rejectionOf(openIdentity(other, recordingContext()))).code).toBe('KEY_MISMATCH');
  });

  test('a PKCS#12 as the certificate of a private key', async () => {
    const path = makePkcs12(folder, 'certificates', leaf, { password: 'secret', others: [sub, root] });
    const source = {
      certificate: file(path),
      privateKey: file(leaf.key, '--private-key'),
      keyPassword: password('secret'),
    };
    await expectLeaf(await openIdentity(source, recordingContext()));
  });

  test('intermediates from a file', async () => {
    const path = makePkcs12(folder, 'alone', leaf, { password: 'secret' });
    const source = {
      certificate: file(path),
      intermediates: file(sub.certificate, '--intermediates'),
      keyPassword: password('secret'),
    };
    await expectLeaf(await openIdentity(source, recordingContext()));
  });

  test('a PKCS#12 is no file of intermediates', async () => {
    const path = makePkcs12(folder, 'alone', leaf, { password: 'secret' });
    const source = {
      certificate: file(leaf.certificate),
      privateKey: file(leaf.key),
      intermediates: file(path, '--intermediates'),
    };
    const error = await rejectionOf(openIdentity(source, recordingContext()));
    expect(error.code).toBe('CHAIN_INVALID');
    expect(error.message).toBe(`--intermediates: ${path} is a PKCS#12 file, which can be given as --certificate only`);
  });
});

describe('what lacks something', () => {
  test('a file without a private key', async () => {
    const path = join(folder, 'no-key.p12');
    openssl(['pkcs12', '-export', '-nokeys', '-in', leaf.certificate, '-passout', 'pass:secret', '-out', path]);
    const error = await rejectionOf(open(readFileSync(path), 'secret'));
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toBe('--certificate: the value given is a PKCS#12 file without a private key');
  });

  test('a file without a certificate', async () => {
    const path = join(folder, 'no-certificate.p12');
    openssl(['pkcs12', '-export', '-nocerts', '-inkey', leaf.key, '-passout', 'pass:secret', '-out', path]);
    const error = await rejectionOf(open(readFileSync(path), 'secret'));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toBe('--certificate: the value given is a PKCS#12 file without a certificate');
  });

  test('a file whose key has no certificate', async () => {
    const [key] = bagsOf(readFileSync(makePkcs12(folder, 'one', rsaLeaf, { args: plain }))).slice(-1);
    const [certificate] = bagsOf(readFileSync(makePkcs12(folder, 'one', leaf, { args: plain })));
    const error = await rejectionOf(open(pkcs12Of([certificate, key].filter((bag) => bag !== undefined))));
    expect(error.code).toBe('KEY_MISMATCH');
    expect(error.message).toContain('(RSA 2048) is not the key of --certificate: the value given');
  });

  test('truncated and tampered files', async () => {
    const content = made('secret');
    for (const length of [8, 100, content.length - 1]) {
      const error = await rejectionOf(open(content.subarray(0, length), 'secret'));
      expect(error.code).toBe('CERTIFICATE_INVALID');
      expect(error.message).toBe('--certificate: the value given is damaged: it ends too early');
    }
    const tampered = Buffer.from(content);
    tampered[300] = (tampered[300] ?? 0) ^ 1;
    expect((await rejectionOf(open(tampered, 'secret'))).code).toBe('PASSWORD_WRONG');
  });

  test('files that are protected by a public key', async () => {
    const signedData = Buffer.from('06092a864886f70d010702', 'hex');
    const authSafe = encodeElement(0x30, signedData, encodeElement(0xa0, encodeElement(0x30)));
    const error = await rejectionOf(open(encodeElement(0x30, Buffer.from('020103', 'hex'), authSafe)));
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toContain('is a PKCS#12 file that is protected by a public key instead of a password');
  });

  test('iterations without end', async () => {
    const content = made('secret', ['-iter', '2048', '-macalg', 'sha256']);
    const [version, authSafe, macData] = elementsOf(onlyElement(content).contents);
    const [mac, salt] = sequenceOf(macData).map(({ encoded }) => encoded);
    const endless = encodeElement(0x30, mac ?? Buffer.of(), salt ?? Buffer.of(), Buffer.from('02047fffffff', 'hex'));
    const parts = [version, authSafe].map((part) => part?.encoded ?? Buffer.of());
    const error = await rejectionOf(open(encodeElement(0x30, ...parts, endless), 'secret'));
    expect(error.code).toBe('KEY_UNSUPPORTED');
    expect(error.message).toContain('takes the work of 2147483647 iterations, more than 5000000');
  });
});
