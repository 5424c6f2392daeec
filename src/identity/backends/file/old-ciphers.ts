/** RC2 and RC4, which OpenSSL 3 has no more, to read old PKCS#12 and PKCS#8 files. */

/** PITABLE, section 2: a permutation out of the digits of pi. */
const permutation = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2179a59f587b34f1361456d8d09817d32' +
    'bd8f40eb86b77b0bf09521225c6b4e8254d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed708e8eade8052eef784aa72ac354d6a2a' +
    '961ad2715a1549744b9fd05e0418a4ecc2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a90d38341bab33ffb0bb480c5fb9b1cd2e' +
    'c5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);

const blockBytes = 8;

export interface Rc2Key {
  readonly key: Uint8Array;
  readonly effectiveBits: number;
  readonly iv: Uint8Array;
}

/** RC2 in CBC mode (RFC 2268). Whole blocks, padding left on. */
export function decryptRc2({ key, effectiveBits, iv }: Rc2Key, data: Uint8Array): Buffer {
  const words = expandKey(key, effectiveBits);
  const input = Buffer.from(data);
  const output = Buffer.alloc(input.length - (input.length % blockBytes));
  let previous = Buffer.from(iv);
  for (let start = 0; start < output.length; start += blockBytes) {
    const block = input.subarray(start, start + blockBytes);
    decryptBlock(block, words).forEach((word, index) => {
      output.writeUInt16LE(word ^ previous.readUInt16LE(index * 2), start + index * 2);
    });
    previous = block;
  }
  return output;
}

const permute = (value: number): number => permutation[value & 0xff] ?? 0;

/** Section 2: 64 words. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key);
  const at = (index: number): number => bytes[index] ?? 0;
  for (let i = key.length; i < 128; i++) bytes[i] = permute(at(i - 1) + at(i - key.length));
  const effectiveBytes = Math.ceil(effectiveBits / 8);
  const mask = 0xff >> (effectiveBytes * 8 - effectiveBits);
  bytes[128 - effectiveBytes] = permute(at(128 - effectiveBytes) & mask);
  for (let i = 127 - effectiveBytes; i >= 0; i--) bytes[i] = permute(at(i + 1) ^ at(i + effectiveBytes));
  return Uint16Array.from({ length: 64 }, (_, i) => at(2 * i) | (at(2 * i + 1) << 8));
}

const rotations = [1, 2, 3, 5] as const;

/** Section 4: sixteen mixing rounds, a mashing one after the fifth and the eleventh. */
function decryptBlock(block: Buffer, words: Uint16Array): Uint16Array {
  const r = Uint16Array.from({ length: 4 }, (_, index) => block.readUInt16LE(index * 2));
  const at = (index: number): number => r[index & 3] ?? 0;
  const word = (index: number): number => words[index] ?? 0;
  for (let round = 15; round >= 0; round--) {
    for (let i = 3; i >= 0; i--) {
      const rotation = rotations[i] ?? 0;
      const turned = (at(i) >> rotation) | (at(i) << (16 - rotation));
      r[i] = turned - word(round * 4 + i) - (at(i - 1) & at(i - 2)) - (~at(i - 1) & at(i - 3));
    }
    if (round === 11 || round === 5) {
      for (let i = 3; i >= 0; i--) r[i] = at(i) - word(at(i - 1) & 63);
    }
  }
  return r;
}

export function decryptRc4(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (index: number): number => state[index & 0xff] ?? 0;
  const swap = (one: number, other: number): void => {
    const before = at(one);
    state[one] = at(other);
    state[other] = before;
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 0xff;
    swap(i, j);
  }
  let i = 0;
  let j = 0;
  return Buffer.from(
    data.map((byte) => {
      i = (i + 1) & 0xff;
      j = (j + at(i)) & 0xff;
      swap(i, j);
      return byte ^ at(at(i) + at(j));
    }),
  );
}
