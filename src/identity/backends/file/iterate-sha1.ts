const digestWords = 5;
const blockWords = 16;
const rounds = 80;

/** The initial hash value of SHA-1 (FIPS 180-4, section 5.3.3). */
const [h0, h1, h2, h3, h4] = [0x67452301, -0x10325477, -0x67452302, 0x10325476, -0x3c2d1e10] as const;

/**
 * SHA-1 of SHA-1 of … of a 20-byte digest. Old PKCS#12 files ask for millions of these, one upon the other, and a
 * call into node:crypto takes four times as long as the hash itself.
 */
export function iterateSha1(digest: Buffer, count: number): Buffer {
  const schedule = new Int32Array(rounds);
  const state = new Int32Array(digestWords).map((_, index) => digest.readInt32BE(index * 4));
  // Every block is a digest and the same padding (section 5.1.1): a bit, zeros, the length in bits.
  schedule[digestWords] = 0x80000000;
  schedule[blockWords - 1] = digestWords * 32;
  for (let iteration = 0; iteration < count; iteration++) {
    schedule.set(state);
    compress(schedule, state);
  }
  const result = Buffer.alloc(digestWords * 4);
  state.forEach((word, index) => result.writeInt32BE(word, index * 4));
  return result;
}

/** Section 6.1.2. Sums are cut to 32 bits at every step, which keeps them integers for the engine. */
function compress(schedule: Int32Array, state: Int32Array): void {
  for (let t = blockWords; t < rounds; t++) {
    const mixed = (schedule[t - 3] ?? 0) ^ (schedule[t - 8] ?? 0) ^ (schedule[t - 14] ?? 0) ^ (schedule[t - 16] ?? 0);
    schedule[t] = (mixed << 1) | (mixed >>> 31);
  }
  let a: number = h0;
  let b: number = h1;
  let c: number = h2;
  let d: number = h3;
  let e: number = h4;
  for (let t = 0; t < rounds; t++) {
    const sum = (choose(t, b, c, d) + ((a << 5) | (a >>> 27))) | 0;
    const next = (sum + ((e + (schedule[t] ?? 0)) | 0)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = a + h0;
  state[1] = b + h1;
  state[2] = c + h2;
  state[3] = d + h3;
  state[4] = e + h4;
}

/** f and K of sections 4.1.1 and 4.2.1. */
function choose(t: number, b: number, c: number, d: number): number {
  if (t < 20) return (((b & c) ^ (~b & d)) + 0x5a827999) | 0;
  if (t < 40) return ((b ^ c ^ d) + 0x6ed9eba1) | 0;
  if (t < 60) return (((b & c) ^ (b & d) ^ (c & d)) - 0x70e44324) | 0;
  return ((b ^ c ^ d) - 0x359d3e2a) | 0;
}
