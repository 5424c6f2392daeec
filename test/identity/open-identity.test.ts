import { createPrivateKey, createPublicKey, scryptSync, verify } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ByteSource, IdentitySource, SigningIdentity } from '../../src/identity/identity.ts';
import { openIdentity } from '../../src/identity/open-identity.ts';
import { verifiedSigner } from '../../src/identity/verified-signer.ts';
import { useIssuedChain } from '../support/issued-chain.ts';
import { certificateDer, concatenate, type Issued, makeCa, makeKey, makeLeaf, openssl } from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';
import { bytes, file, password, recordingContext } from './given.ts';

let folder: string;
let root: Issued;
let sub: Issued;
let leaf: Issued;
let rsaLeaf: Issued;
useIssuedChain((made) => ({ folder, root, sub, leaf } = made));
beforeAll(() => {
  rsaLeaf = makeLeaf(folder, 'rsa-leaf', root, { keyType: 'rsa:2048' });
});

const keyOf = (issued: Issued): ByteSource => file(issued.key, '--private-key');
const open = (source: IdentitySource): Promise<SigningIdentity> => openIdentity(source, recordingContext());
const refusal = (source: IdentitySource): ReturnType<typeof rejectionOf> => rejectionOf(open(source));

/** Whose certificates are sent: the leaf, then the chain. */
function sentBy({ certificate, chain }: SigningIdentity): readonly (string | undefined)[] {
  const issued = [leaf, rsaLeaf, sub, root];
  const whose = (der: Uint8Array): string | undefined =>
    issued.find((one) => certificateDer(one.certificate).equals(der))?.certificate;
  return [certificate, ...chain].map(({ der }) => whose(der));
}

describe('certificates', () => {
  test.each<[string, () => Uint8Array | string]>([
    ['PEM', () => readFileSync(leaf.certificate)],
    ['DER', () => certificateDer(leaf.certificate)],
    ['DER and zeros', () => Buffer.concat([certificateDer(leaf.certificate), Buffer.alloc(9)])],
    ['PEM with text', () => openssl(['x509', '-in', leaf.certificate, '-text'])],
    ['PEM with CR LF', () => readFileSync(leaf.certificate, 'utf8').replaceAll('\n', '\r\n')],
    ['PEM with the key before it', () => Buffer.concat([readFileSync(leaf.key), readFileSync(leaf.certificate)])],
    ['TRUSTED CERTIFICATE', () => openssl(['x509', '-in', leaf.certificate, '-trustout', '-addtrust', 'clientAuth'])],
    ['X509 CERTIFICATE', () => readFileSync(leaf.certificate, 'utf8').replaceAll(' CERTIFICATE', ' X509 CERTIFICATE')],
  ])('%s', async (_, content) => {
    const identity = await open({ certificate: bytes(content()), privateKey: keyOf(leaf) });
    expect(sentBy(identity)).toEqual([leaf.certificate]);
    const signature = await identity.signer.sign(Buffer.from('message'));
    const key = createPublicKey(readFileSync(leaf.certificate));
    expect(verify('sha256', Buffer.from('message'), key, signature)).toBe(true);
    await identity.close();
  });

  test('one file for everything', async () => {
    const combined = concatenate(folder, 'combined.pem', [
      leaf.certificate,
      leaf.key,
      sub.certificate,
      root.certificate,
    ]);
    expect(sentBy(await open({ certificate: file(combined) }))).toEqual([leaf.certificate, sub.certificate]);
    const both = { certificate: file(combined), privateKey: file(combined, '--private-key') };
    expect(sentBy(await open(both))).toEqual([leaf.certificate, sub.certificate]);
  });

  test('the leaf is the certificate that the key is for, wherever it stands', async () => {
    const bundle = concatenate(folder, 'bundle.pem', [
      root.certificate,
      sub.certificate,
      rsaLeaf.certificate,
      leaf.certificate,
    ]);
    expect(sentBy(await open({ certificate: file(bundle), privateKey: keyOf(leaf) }))).toEqual([
      leaf.certificate,
      sub.certificate,
    ]);
    expect(sentBy(await open({ certificate: file(bundle), privateKey: keyOf(rsaLeaf) }))).toEqual([
      rsaLeaf.certificate,
    ]);
  });

  test('of two certificates for one key it is the first', async () => {
    const renewed = makeLeaf(folder, 'renewed', sub, { key: leaf.key });
    const bundle = concatenate(folder, 'renewals.pem', [renewed.certificate, leaf.certificate]);
    const { certificate } = await open({ certificate: file(bundle), privateKey: keyOf(leaf) });
    expect(Buffer.from(certificate.der)).toEqual(certificateDer(renewed.certificate));
  });

  test('survive the wiping of the file they came from', async () => {
    const { certificate } = await open({
      certificate: bytes(certificateDer(leaf.certificate)),
      privateKey: keyOf(leaf),
    });
    expect(Buffer.from(certificate.der)).toEqual(certificateDer(leaf.certificate));
    expect(Buffer.from(certificate.subject).toString('latin1')).toContain('leaf');
  });
});

describe('intermediates', () => {
  const openWith = (path: string, context = recordingContext()): Promise<SigningIdentity> =>
    openIdentity(
      { certificate: file(leaf.certificate), privateKey: keyOf(leaf), intermediates: file(path, '--intermediates') },
      context,
    );

  test('come from a file of their own, PEM or DER', async () => {
    const path = concatenate(folder, 'chain.pem', [root.certificate, rsaLeaf.certificate, sub.certificate]);
    expect(sentBy(await openWith(path))).toEqual([leaf.certificate, sub.certificate]);
    writeFileSync(join(folder, 'sub.der'), certificateDer(sub.certificate));
    expect(sentBy(await openWith(join(folder, 'sub.der')))).toEqual([leaf.certificate, sub.certificate]);
  });

  test('may stand beside a private key that nobody looks at', async () => {
    const path = concatenate(folder, 'chain-and-key.pem', [rsaLeaf.key, sub.certificate]);
    chmodSync(path, 0o644);
    const context = recordingContext();
    expect(sentBy(await openWith(path, context))).toEqual([leaf.certificate, sub.certificate]);
    expect(context.warnings).toEqual([]);
  });

  test('that did not issue the leaf get a warning', async () => {
    const context = recordingContext();
    expect(sentBy(await openWith(rsaLeaf.certificate, context))).toEqual([leaf.certificate]);
    expect(context.warnings).toEqual([
      `--intermediates: ${rsaLeaf.certificate} holds none of the certificates that issued the leaf`,
    ]);
  });

  test('that hold the root only are fine', async () => {
    const context = recordingContext();
    const source = {
      certificate: file(rsaLeaf.certificate),
      privateKey: keyOf(rsaLeaf),
      intermediates: file(root.certificate),
    };
    expect(sentBy(await openIdentity(source, context))).toEqual([rsaLeaf.certificate]);
    expect(context.warnings).toEqual([]);
  });

  test.each([
    ['nothing', '', 'CHAIN_UNREADABLE', 'is empty'],
    ['text', 'hello', 'CHAIN_INVALID', 'is neither PEM nor DER'],
    [
      'a damaged certificate',
      '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n',
      'CHAIN_INVALID',
      'holds a certificate in line 1 that is damaged: sequence expected, nothing found',
    ],
  ])('that hold %s are refused', async (_, content, code, reason) => {
    const path = join(folder, 'chain.pem');
    writeFileSync(path, content);
    const error = await rejectionOf(openWith(path));
    expect(error.code).toBe(code);
    expect(error.message).toBe(`--intermediates: ${path} ${reason}`);
  });

  test('that hold only a key are refused', async () => {
    const error = await rejectionOf(openWith(leaf.key));
    expect(error.code).toBe('CHAIN_INVALID');
    expect(error.message).toBe(`--intermediates: ${leaf.key} holds no certificate, but PRIVATE KEY`);
  });

  test('are too many at six', async () => {
    const rungs: Issued[] = [root];
    for (let rung = 1; rung <= 6; rung++)
      rungs.push(makeCa(folder, `rung-${rung}`, { issuer: rungs[rung - 1] ?? root }));
    const child = makeLeaf(folder, 'child', rungs[6] ?? root);
    const path = concatenate(
      folder,
      'rungs.pem',
      rungs.map(({ certificate }) => certificate),
    );
    const source = {
      certificate: file(child.certificate),
      privateKey: keyOf(child),
      intermediates: file(path, '--intermediates'),
    };
    const error = await refusal(source);
    expect(error.code).toBe('CHAIN_TOO_LONG');
    expect(error.message).toBe(`--intermediates: ${path} needs 6 intermediate certificates, and the service takes 5`);
  });
});

describe('the pair', () => {
  test('must be one', async () => {
    const error = await refusal({ certificate: file(leaf.certificate), privateKey: keyOf(rsaLeaf) });
    expect(error.code).toBe('KEY_MISMATCH');
    expect(error.message).toBe(
      `--private-key: ${rsaLeaf.key} (RSA 2048) is not the key of --certificate: ${leaf.certificate}, which holds CN=leaf (EC P-256)`,
    );
    expect(error.hints).toEqual([
      'give the key that this certificate was issued for; a renewed certificate may have a new one',
    ]);
  });

  test('must be one in a bundle', async () => {
    const bundle = concatenate(folder, 'bundle.pem', [leaf.certificate, sub.certificate, root.certificate]);
    const other = makeKey(folder, 'other', 'p384');
    const error = await refusal({ certificate: file(bundle), privateKey: file(other, '--private-key') });
    expect(error.code).toBe('KEY_MISMATCH');
    expect(error.message).toBe(
      `--private-key: ${other} (EC P-384) is not the key of --certificate: ${bundle}, which holds CN=leaf (EC P-256) and 2 more, none of them for this key`,
    );
  });

  test('a key of the same type is still another key', async () => {
    const other = makeKey(folder, 'other');
    const error = await refusal({ certificate: file(leaf.certificate), privateKey: file(other, '--private-key') });
    expect(error.code).toBe('KEY_MISMATCH');
  });

  test('a key that Roles Anywhere does not know is told before the pair', async () => {
    for (const keyType of ['ed25519', 'rsa:1024', 'secp256k1'] as const) {
      const odd = makeLeaf(folder, 'odd', sub, { keyType });
      const own = await refusal({ certificate: file(odd.certificate), privateKey: keyOf(odd) });
      expect(own.code).toBe('KEY_UNSUPPORTED');
      expect(own.message).toMatch(new RegExp(`^--private-key: ${odd.key} cannot be used: `));
      const others = await refusal({ certificate: file(leaf.certificate), privateKey: keyOf(odd) });
      expect(others.message).toBe(own.message);
    }
  });

  test('a certificate without its key is told so', async () => {
    const error = await refusal({ certificate: file(leaf.certificate) });
    expect(error.code).toBe('KEY_INVALID');
    expect(error.message).toBe(`--certificate: ${leaf.certificate} holds no private key, but CERTIFICATE`);
    expect(error.hints).toEqual(['give the file of the private key with --private-key']);
  });
});

describe('faults are told in order', () => {
  test('what cannot be read before what cannot be parsed, and all before a password is asked for', async () => {
    const none = join(folder, 'none');
    const context = recordingContext(['secret']);
    const encrypted = join(folder, 'encrypted.key');
    writeFileSync(encrypted, openssl(['pkcs8', '-topk8', '-in', leaf.key, '-passout', 'pass:secret']), { mode: 0o600 });
    const source = { certificate: bytes('hello'), privateKey: file(encrypted, '--private-key') };
    const missing = await rejectionOf(
      openIdentity({ ...source, intermediates: file(none, '--intermediates') }, context),
    );
    expect(missing.code).toBe('CHAIN_UNREADABLE');
    const noKey = await rejectionOf(openIdentity({ ...source, privateKey: file(none, '--private-key') }, context));
    expect(noKey.code).toBe('KEY_UNREADABLE');
    expect(noKey.message).toBe(`--private-key: ${none} does not exist`);
    const certificate = await rejectionOf(openIdentity(source, context));
    expect(certificate.code).toBe('CERTIFICATE_INVALID');
    expect(certificate.message).toBe('--certificate: the value given is neither PEM nor DER');
    expect(context.questions).toEqual([]);
  });

  test('a mismatch before the dates, the dates before the chain', async () => {
    const expired = makeLeaf(folder, 'expired', sub, { notAfter: new Date(Date.now() - 60_000) });
    expect((await refusal({ certificate: file(expired.certificate), privateKey: keyOf(leaf) })).code).toBe(
      'KEY_MISMATCH',
    );
    const error = await refusal({ certificate: file(expired.certificate), privateKey: keyOf(expired) });
    expect(error.code).toBe('CERTIFICATE_EXPIRED');
    expect(error.message).toMatch(
      new RegExp(`^--certificate: ${expired.certificate} holds the certificate CN=expired, which expired on 20`),
    );
  });
});

describe('what is no certificate', () => {
  const formats = 'give a file with a certificate: PEM, DER, PKCS#12 or PKCS#7';

  test.each<[string, () => Uint8Array | string, string, string | undefined]>([
    ['text', () => 'hello', 'is neither PEM nor DER', formats],
    ['noise', () => Buffer.alloc(1000, 0xa5), 'is neither PEM nor DER', formats],
    [
      'a private key',
      () => readFileSync(leaf.key),
      'holds no certificate, but PRIVATE KEY',
      'give it with --private-key, and its certificate with --certificate',
    ],
    [
      'a truncated certificate',
      () => certificateDer(leaf.certificate).subarray(0, 100),
      'is damaged: it ends too early',
      formats,
    ],
    [
      'a certificate with something behind it',
      () => Buffer.concat([certificateDer(leaf.certificate), Buffer.from('x')]),
      'is damaged: something follows its end',
      formats,
    ],
    [
      'a truncated PEM',
      () => readFileSync(leaf.certificate, 'utf8').slice(0, 300),
      'is damaged: the block CERTIFICATE in line 1 has no line -----END CERTIFICATE-----',
      undefined,
    ],
  ])('%s', async (_, content, reason, hint) => {
    const error = await refusal({ certificate: bytes(content()), privateKey: keyOf(leaf) });
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toBe(`--certificate: the value given ${reason}`);
    expect(error.hints).toEqual(hint === undefined ? [] : [hint]);
  });
});

describe('a private key file that others may read or write', () => {
  test.each([
    [0o600, undefined, ''],
    [0o400, undefined, ''],
    [0o700, undefined, ''],
    [0o640, '0640', 'read'],
    [0o644, '0644', 'read'],
    [0o604, '0604', 'read'],
    [0o444, '0444', 'read'],
    [0o620, '0620', 'write'],
    [0o602, '0602', 'write'],
    [0o666, '0666', 'read and write'],
  ])('mode %o', async (mode, shown, rights) => {
    const path = concatenate(folder, 'exposed.pem', [leaf.certificate, leaf.key]);
    chmodSync(path, mode);
    const context = recordingContext();
    await openIdentity({ certificate: file(leaf.certificate), privateKey: file(path, '--private-key') }, context);
    const warning = `--private-key: ${path} holds a private key that others may ${rights} (mode ${shown}): chmod 600 ${path}`;
    expect(context.warnings).toEqual(shown === undefined ? [] : [warning]);
    chmodSync(path, 0o600);
  });

  test('a certificate file may be read by all', async () => {
    const path = concatenate(folder, 'public.pem', [leaf.certificate]);
    chmodSync(path, 0o644);
    const context = recordingContext();
    await openIdentity({ certificate: file(path), privateKey: keyOf(leaf) }, context);
    expect(context.warnings).toEqual([]);
  });
});

describe('sources', () => {
  test('the environment', async () => {
    const context = {
      ...recordingContext(),
      environment: {
        LEAF: readFileSync(leaf.certificate, 'utf8'),
        KEY: readFileSync(leaf.key, 'utf8'),
        CHAIN: readFileSync(sub.certificate, 'utf8'),
      },
    };
    const source: IdentitySource = {
      certificate: { option: '--certificate', kind: 'env', name: 'LEAF' },
      privateKey: { option: '--private-key', kind: 'env', name: 'KEY' },
      intermediates: { option: '--intermediates', kind: 'env', name: 'CHAIN' },
    };
    expect(sentBy(await openIdentity(source, context))).toEqual([leaf.certificate, sub.certificate]);
  });

  test('bytes of the caller, which stay as they are', async () => {
    const key = readFileSync(leaf.key);
    const certificate = certificateDer(leaf.certificate);
    await open({ certificate: bytes(certificate), privateKey: bytes(key, 'privateKey') });
    expect(key).toEqual(readFileSync(leaf.key));
    expect(certificate).toEqual(certificateDer(leaf.certificate));
  });
});

test('a signature that does not fit the certificate never comes out', async () => {
  const { signer } = await open({ certificate: file(rsaLeaf.certificate), privateKey: keyOf(rsaLeaf) });
  const { certificate } = await open({ certificate: file(leaf.certificate), privateKey: keyOf(leaf) });
  const error = await rejectionOf(verifiedSigner(signer, certificate.publicKeyInfo).sign(Buffer.from('message')));
  expect(error.code).toBe('SIGNATURE_INVALID');
  expect(error.message).toBe('the signature that the private key made does not fit the certificate');
  const broken = { ...signer, sign: async () => await signer.sign(Buffer.from('another message')) };
  const { publicKeyInfo } = (await open({ certificate: file(rsaLeaf.certificate), privateKey: keyOf(rsaLeaf) }))
    .certificate;
  expect((await rejectionOf(verifiedSigner(broken, publicKeyInfo).sign(Buffer.from('message')))).code).toBe(
    'SIGNATURE_INVALID',
  );
});

test('errors that others left in OpenSSL do not matter', async () => {
  const leaveError = (): void => {
    expect(() => scryptSync('a', 'b', 32, { N: 2 ** 20, r: 8, p: 1 })).toThrow('Invalid scrypt params');
  };
  leaveError();
  await open({ certificate: file(leaf.certificate), privateKey: keyOf(leaf) });
  leaveError();
  const path = join(folder, 'after.p12');
  openssl(['pkcs12', '-export', '-in', leaf.certificate, '-inkey', leaf.key, '-passout', 'pass:secret', '-out', path]);
  leaveError();
  const opened = await open({ certificate: file(path), keyPassword: password('secret') });
  expect(opened.signer.algorithm).toBe('ECDSA');
});

test('no error stays behind in OpenSSL', async () => {
  const error = await refusal({ certificate: file(leaf.certificate), privateKey: keyOf(rsaLeaf) });
  expect(error.code).toBe('KEY_MISMATCH');
  // Comparing keys of two types would leave one, and node:crypto would blame this key for it.
  expect(createPrivateKey(readFileSync(leaf.key)).asymmetricKeyType).toBe('ec');
});

test('no secret in any error', async () => {
  const secret = 'correct horse battery staple';
  const encrypted = openssl(['pkcs8', '-topk8', '-in', leaf.key, '-passout', `pass:${secret}`]).toString();
  const base64 = encrypted.split('\n')[1] ?? '';
  const sources: readonly IdentitySource[] = [
    { certificate: file(leaf.certificate), privateKey: bytes(encrypted), keyPassword: password(`${secret}!`) },
    { certificate: file(leaf.certificate), privateKey: bytes(encrypted.slice(0, -40)), keyPassword: password(secret) },
    {
      certificate: file(leaf.certificate),
      privateKey: bytes(encrypted.replace('M', '!')),
      keyPassword: password(secret),
    },
    { certificate: file(rsaLeaf.certificate), privateKey: bytes(encrypted), keyPassword: password(secret) },
    { certificate: bytes(encrypted), keyPassword: password(secret) },
  ];
  for (const source of sources) {
    const error = await refusal(source);
    const everything = JSON.stringify([error.message, error.hints, String(error.cause), error.stack]);
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(base64);
  }
});
