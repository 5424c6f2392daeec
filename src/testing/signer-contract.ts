import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import type { Digest, SignatureAlgorithm, Signer } from '../identity/signer.ts';
import { describePublicKey } from '../identity/x509/public-key.ts';
import { verifySignature } from '../identity/x509/verify-signature.ts';

/**
 * A signer to be judged.
 *
 * @example
 * ```ts
 * import { generateKeyPairSync, sign } from 'node:crypto';
 * import type { SignerUnderTest } from 'roles-anywhere/testing';
 *
 * const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
 * export const subject: SignerUnderTest = {
 *   signer: { algorithm: 'ECDSA', sign: async (message) => sign('sha256', message, privateKey) },
 *   publicKeyInfo: publicKey.export({ type: 'spki', format: 'der' }),
 *   digests: ['SHA-256'],
 * };
 * ```
 */
export interface SignerUnderTest {
  readonly signer: Signer;
  /** PEM or DER of the certificate, or DER SubjectPublicKeyInfo of the key: at least one of them. */
  readonly certificate?: string | Uint8Array;
  readonly publicKeyInfo?: Uint8Array;
  /** Those that it can sign with, all of them when not given; it rejects the others. CreateSession takes SHA-256. */
  readonly digests?: readonly Digest[];
  /** Bytes of the longest message that it takes; 100 000 when not given. A string to sign has a few hundred. */
  readonly longest?: number;
  /** A judge in place of node:crypto. */
  readonly verify?: (message: Uint8Array, signature: Uint8Array, digest: Digest) => boolean | Promise<boolean>;
}

/**
 * One test, for any runner.
 *
 * @example
 * ```ts
 * import type { ContractTest } from 'roles-anywhere/testing';
 *
 * export const runAll = async (tests: readonly ContractTest[]): Promise<void> => {
 *   for (const { run } of tests) await run();
 * };
 * ```
 */
export interface ContractTest {
  readonly name: string;
  /** @throws AssertionError of node:assert where the signer does otherwise; whatever the signer throws */
  readonly run: () => Promise<void>;
}

const allDigests: readonly Digest[] = ['SHA-256', 'SHA-384', 'SHA-512'];

/**
 * What every `Signer` must do, as tests for the runner of your choice.
 *
 * @param open called by each test; it may give the same signer each time
 *
 * @example
 * ```ts
 * import { generateKeyPairSync, sign } from 'node:crypto';
 * import { test } from 'node:test';
 * import { signerContract } from 'roles-anywhere/testing';
 *
 * const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
 * const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
 * const signer = {
 *   algorithm: 'RSA' as const,
 *   sign: async (message: Uint8Array, digest = 'SHA-256') => sign(digest.replace('-', ''), message, privateKey),
 * };
 * for (const { name, run } of signerContract(async () => ({ signer, publicKeyInfo }))) test(name, run);
 * ```
 */
export function signerContract(open: () => Promise<SignerUnderTest>): readonly ContractTest[] {
  return [
    { name: 'the algorithm is the family of the key', run: () => checkAlgorithm(open) },
    { name: 'a message is signed with SHA-256 where nothing else is asked for', run: () => checkDefault(open) },
    ...allDigests.map((digest) => ({
      name: `${digest} is used where it is asked for, or refused`,
      run: () => checkDigest(open, digest),
    })),
    ...[0, 1, 100_000].map((length) => ({
      name: `a message of ${length} bytes, or the most that it takes`,
      run: () => checkLength(open, length),
    })),
    { name: 'several signatures at the same time', run: () => checkMany(open) },
    { name: 'the message stays as it is', run: () => checkUntouched(open) },
  ];
}

type Open = () => Promise<SignerUnderTest>;

async function checkAlgorithm(open: Open): Promise<void> {
  const subject = await open();
  const { family } = describePublicKey(publicKeyOf(subject));
  const expected: Readonly<Record<string, SignatureAlgorithm>> = { RSA: 'RSA', EC: 'ECDSA', 'ML-DSA': 'ML-DSA' };
  strictEqual(subject.signer.algorithm, expected[family]);
}

async function checkDefault(open: Open): Promise<void> {
  const subject = await open();
  const message = Buffer.from('AWS4-X509-RSA-SHA256\n20260115T123456Z\nscope\nhash');
  const signature = await subject.signer.sign(message);
  ok(await isRight(subject, message, signature), 'the signature must fit the message, by SHA-256');
  ok(!(await isRight(subject, Buffer.from('another message'), signature)), 'it must fit no other message');
}

async function checkDigest(open: Open, digest: Digest): Promise<void> {
  const subject = await open();
  const message = Buffer.from('message');
  const isAble = (subject.digests ?? allDigests).includes(digest);
  const signature: unknown = await subject.signer.sign(message, digest).catch((error: unknown) => error);
  if (isAble) ok(await isRight(subject, message, signature, digest), `the signature must fit, by ${digest}`);
  else ok(signature instanceof Error, `a signer that cannot sign by ${digest} must reject with an Error`);
}

async function checkLength(open: Open, length: number): Promise<void> {
  const subject = await open();
  const message = randomBytes(Math.min(length, subject.longest ?? length));
  ok(await isRight(subject, message, await subject.signer.sign(message)), 'the signature must fit');
}

async function checkMany(open: Open): Promise<void> {
  const subject = await open();
  const messages = Array.from({ length: 8 }, () => randomBytes(64));
  const signatures = await Promise.all(messages.map((message) => subject.signer.sign(message)));
  const verdicts = await Promise.all(messages.map((message, at) => isRight(subject, message, signatures[at])));
  deepStrictEqual(
    verdicts,
    messages.map(() => true),
  );
}

async function checkUntouched(open: Open): Promise<void> {
  const { signer } = await open();
  const message = Buffer.from('message');
  await signer.sign(message);
  strictEqual(message.toString(), 'message');
}

async function isRight(
  subject: SignerUnderTest,
  message: Uint8Array,
  signature: unknown,
  digest: Digest = 'SHA-256',
): Promise<boolean> {
  ok(signature instanceof Uint8Array, 'sign() must give a Uint8Array; of ECDSA DER, SEQUENCE { r, s }');
  if (subject.verify !== undefined) return subject.verify(message, signature, digest);
  return verifySignature(publicKeyOf(subject), { message, signature }, digest);
}

function publicKeyOf({ certificate, publicKeyInfo }: SignerUnderTest): Uint8Array {
  if (publicKeyInfo !== undefined) return publicKeyInfo;
  ok(certificate !== undefined, 'give certificate or publicKeyInfo');
  return new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
}
