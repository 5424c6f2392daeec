import { hash as hashOnce, pbkdf2, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Problem } from '../../problem.ts';
import type { Element } from '../../x509/der.ts';
import { type CipherWithIv, decryptWith } from './cipher.ts';
import { type Kdf, type PbeScheme, readPbeScheme } from './pbe-scheme.ts';
import { hashRounds } from './hash-rounds.ts';
import { derivePkcs12, purposes } from './pkcs12-kdf.ts';

/** One password in the two forms that the schemes ask for. */
export interface PbePassword {
  readonly utf8: Buffer;
  /** From `bmpString`; empty for a password that is not there at all. */
  readonly bmp: Buffer;
}

/** Some seconds of work; GnuTLS, the most patient of the common tools, makes 600 000. */
const maxIterations = 5_000_000;

/** What the key derivation of PKCS#12 makes at a time. */
const sha1Bytes = 20;

/** Memory that scrypt may take, 128 · N · r bytes: N = 2^20 with the usual r = 8 (RFC 7914, section 2). */
const maxScryptBytes = 1024 ** 3;

/**
 * Decrypts with PBES2, PBES1 (RFC 8018) or a scheme of PKCS#12 (RFC 7292, appendix C).
 *
 * @throws Problem PASSWORD_WRONG, KEY_UNSUPPORTED, or without a code for damaged parameters
 */
export async function decryptPbe(
  algorithm: Element | undefined,
  data: Uint8Array,
  password: PbePassword,
): Promise<Buffer> {
  const scheme = readPbeScheme(algorithm);
  if (scheme.kind === 'pbes2') {
    const key = await deriveKey(scheme.kdf, password.utf8, scheme.cipher.keyBytes);
    return decryptAndWipe(scheme.cipher, key, data);
  }
  if (scheme.kind === 'pbes1') {
    const derived = await derivePbkdf1(scheme, password.utf8);
    const iv = Buffer.from(derived.subarray(8, 16));
    return decryptAndWipe({ ...scheme.cipher, iv }, derived.subarray(0, 8), data);
  }
  const { cipher, salt, iterations } = scheme;
  const kdf = { hash: 'sha1', password: password.bmp, salt, iterations };
  const iv = await derivePkcs12(kdf, purposes.iv, cipher.ivBytes);
  return decryptAndWipe({ ...cipher, iv }, await derivePkcs12(kdf, purposes.key, cipher.keyBytes), data);
}

function decryptAndWipe(cipher: CipherWithIv, key: Buffer, data: Uint8Array): Buffer {
  try {
    return decryptWith(cipher, key, data);
  } finally {
    key.fill(0);
  }
}

/**
 * Refuses what would take minutes or gigabytes, before any of it is done: the numbers come from the file.
 *
 * @param algorithms AlgorithmIdentifiers, of all that one file wants to have decrypted
 * @throws Problem KEY_UNSUPPORTED
 */
export function checkCost(algorithms: readonly (Element | undefined)[]): void {
  checkIterations(algorithms.reduce((sum, algorithm) => sum + iterationsOf(readPbeScheme(algorithm)), 0));
}

function iterationsOf(scheme: PbeScheme): number {
  if (scheme.kind === 'pbes2') return costOf(scheme.kdf);
  if (scheme.kind === 'pbes1') return scheme.iterations;
  const rounds = Math.ceil(scheme.cipher.keyBytes / sha1Bytes) + Math.ceil(scheme.cipher.ivBytes / sha1Bytes);
  return scheme.iterations * rounds;
}

/**
 * Work in iterations of PBKDF2, which two blocks of scrypt take about as long as.
 *
 * @throws Problem KEY_UNSUPPORTED when scrypt wants too much memory
 */
export function costOf(kdf: Kdf): number {
  if (kdf.kind === 'pbkdf2') return kdf.iterations;
  const { n, r, p } = kdf;
  if (128 * n * r > maxScryptBytes) throw tooCostly(`lets scrypt take more than 1 GiB (N = ${n}, r = ${r})`);
  return (n * r * p) / 2;
}

/** @throws Problem KEY_UNSUPPORTED */
export function checkIterations(iterations: number): void {
  if (iterations <= maxIterations) return;
  throw tooCostly(`takes the work of ${iterations} iterations, more than ${maxIterations}`);
}

function tooCostly(what: string): Problem {
  return new Problem(`is encrypted in a way that ${what}`, 'KEY_UNSUPPORTED', {
    hints: ['encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW'],
  });
}

const pbkdf2Async = promisify(pbkdf2);
const scryptAsync = promisify<Uint8Array, Uint8Array, number, ScryptOptions, Buffer>(scrypt);

/** @param length bytes of the key, where the parameters name no other number */
export async function deriveKey(kdf: Kdf, password: Buffer, length: number): Promise<Buffer> {
  try {
    if (kdf.kind === 'pbkdf2')
      return await pbkdf2Async(password, kdf.salt, kdf.iterations, kdf.length ?? length, kdf.hash);
    const { salt, n, r, p } = kdf;
    // OpenSSL counts some more than 128 · N · r.
    return await scryptAsync(password, salt, length, { N: n, r, p, maxmem: 2 * maxScryptBytes });
  } catch (error) {
    throw refusedDerivation(error);
  }
}

/**
 * A hash of OpenSSL's, which may be set to do without it, as with MD5 where FIPS 140 is to be kept.
 *
 * @throws Problem KEY_UNSUPPORTED
 */
export function digestOf(hash: string, bytes: Buffer): Buffer {
  try {
    return hashOnce(hash, bytes, 'buffer');
  } catch (error) {
    throw refusedDerivation(error);
  }
}

function refusedDerivation(cause: unknown): Problem {
  return new Problem('is encrypted with a key derivation that this OpenSSL refuses', 'KEY_UNSUPPORTED', { cause });
}

/** PBKDF1 (RFC 8018, section 5.1): eight bytes of key, eight of IV. */
function derivePbkdf1(
  { hash, salt, iterations }: { readonly hash: string; readonly salt: Uint8Array; readonly iterations: number },
  password: Buffer,
): Promise<Buffer> {
  return hashRounds(hash, digestOf(hash, Buffer.concat([password, salt])), iterations - 1);
}
