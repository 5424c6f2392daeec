/**
 * SHA-1 and SHA-256 (FIPS 180-4) of their own digests, again and again: what the key derivation of PKCS#12 consists of.
 * node:crypto takes 4 microseconds a call, of which the hash itself is the smallest part; Firefox and GnuTLS ask for
 * 600 000. Every other hash is left to node:crypto.
 */
import { hash as hashOnce } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expectRepetition } from '../../../runtime/node/jit.ts';

/** A hash whose digest, padded, is one block of 16 words. */
interface WordHash {
  readonly initial: readonly number[];
  /** Works a block into the state; `words` has room for the message schedule behind the block. */
  readonly compress: (state: Int32Array, words: Int32Array) => void;
}

const sha1Initial = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
const sha256Initial = [
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
];

const wordHashes: Readonly<Record<string, WordHash>> = {
  sha1: { initial: sha1Initial, compress: compressSha1 },
  sha256: { initial: sha256Initial, compress: compressSha256 },
};

/** Rounds between two looks at what else the process has to do: some milliseconds. */
const roundsInTurn = 16_384;

/** The digest, hashed `rounds` times. */
export async function hashRounds(hash: string, digest: Buffer, rounds: number): Promise<Buffer> {
  expectRepetition();
  const wordHash = wordHashes[hash];
  let current = digest;
  for (let left = rounds; left > 0; left -= roundsInTurn) {
    const count = Math.min(left, roundsInTurn);
    current = wordHash === undefined ? repeat(hash, current, count) : repeatWords(wordHash, current, count);
    if (left > count) await nextTurn();
  }
  return current;
}

function repeat(hash: string, digest: Buffer, count: number): Buffer {
  let current = digest;
  for (let round = 0; round < count; round++) current = hashOnce(hash, current, 'buffer');
  return current;
}

/** Padding is a set bit behind the digest, and the length in bits at the end of the block (FIPS 180-4, section 5.1.1). */
function repeatWords({ initial, compress }: WordHash, digest: Buffer, count: number): Buffer {
  const size = initial.length;
  const state = Int32Array.from(initial, (_, index) => digest.readInt32BE(index * 4));
  const start = Int32Array.from(initial);
  const padding = new Int32Array(16);
  padding[size] = 0x8000_0000;
  padding[15] = size * 32;
  const words = new Int32Array(80);
  for (let round = 0; round < count; round++) {
    for (let index = 0; index < 16; index++) words[index] = index < size ? at(state, index) : at(padding, index);
    for (let index = 0; index < size; index++) state[index] = at(start, index);
    compress(state, words);
  }
  const result = Buffer.alloc(size * 4);
  state.forEach((word, index) => result.writeInt32BE(word, index * 4));
  return result;
}

const at = (words: Int32Array, index: number): number => words[index] ?? 0;
const turnLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));
const turnRight = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

/** Section 6.1.2. */
function compressSha1(state: Int32Array, words: Int32Array): void {
  for (let t = 16; t < 80; t++) {
    words[t] = turnLeft(at(words, t - 3) ^ at(words, t - 8) ^ at(words, t - 14) ^ at(words, t - 16), 1);
  }
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  for (let t = 0; t < 80; t++) {
    const next = (turnLeft(a, 5) + sha1Round(t, b, c, d) + e + at(words, t)) | 0;
    e = d;
    d = c;
    c = turnLeft(b, 30);
    b = a;
    a = next;
  }
  add(state, 0, a, b, c, d);
  state[4] = at(state, 4) + e;
}

/** Function and constant of a round (sections 4.1.1 and 4.2.1). */
function sha1Round(t: number, x: number, y: number, z: number): number {
  if (t < 20) return ((x & y) ^ (~x & z)) + 0x5a82_7999;
  if (t < 40) return (x ^ y ^ z) + 0x6ed9_eba1;
  if (t < 60) return ((x & y) ^ (x & z) ^ (y & z)) + 0x8f1b_bcdc;
  return (x ^ y ^ z) + 0xca62_c1d6;
}

/** Section 4.2.2: of the cube roots of the first 64 primes. */
const sha256Constants = Buffer.from(
  '428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5d807aa9812835b01243185be550c7dc3' +
    '72be5d7480deb1fe9bdc06a7c19bf174e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da' +
    '983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca63511429296727b70a852e1b21384d2c6dfc53380d13' +
    '650a7354766a0abb81c2c92e92722c85a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070' +
    '19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3748f82ee78a5636f84c878148cc70208' +
    '90befffaa4506cebbef9a3f7c67178f2',
  'hex',
);

const sha256Words = Int32Array.from({ length: 64 }, (_, index) => sha256Constants.readInt32BE(index * 4));

/** Section 6.2.2. */
function compressSha256(state: Int32Array, words: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const one = at(words, t - 15);
    const other = at(words, t - 2);
    const sigma0 = turnRight(one, 7) ^ turnRight(one, 18) ^ (one >>> 3);
    const sigma1 = turnRight(other, 17) ^ turnRight(other, 19) ^ (other >>> 10);
    words[t] = sigma1 + at(words, t - 7) + sigma0 + at(words, t - 16);
  }
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  let e = at(state, 4);
  let f = at(state, 5);
  let g = at(state, 6);
  let h = at(state, 7);
  for (let t = 0; t < 64; t++) {
    const first = (h + sum1(e) + ((e & f) ^ (~e & g)) + at(sha256Words, t) + at(words, t)) | 0;
    const second = (sum0(a) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  add(state, 0, a, b, c, d);
  add(state, 4, e, f, g, h);
}

const sum0 = (word: number): number => turnRight(word, 2) ^ turnRight(word, 13) ^ turnRight(word, 22);
const sum1 = (word: number): number => turnRight(word, 6) ^ turnRight(word, 11) ^ turnRight(word, 25);

function add(state: Int32Array, index: number, a: number, b: number, c: number, d: number): void {
  state[index] = at(state, index) + a;
  state[index + 1] = at(state, index + 1) + b;
  state[index + 2] = at(state, index + 2) + c;
  state[index + 3] = at(state, index + 3) + d;
}
