/** TPM_ALG_ID (TCG Algorithm Registry, table 3; TPM 2.0 Library, part 2, section 6.3): those that keys here can meet. */
export const algorithms = {
  RSA: 0x0001,
  SHA1: 0x0004,
  HMAC: 0x0005,
  AES: 0x0006,
  KEYEDHASH: 0x0008,
  XOR: 0x000a,
  SHA256: 0x000b,
  SHA384: 0x000c,
  SHA512: 0x000d,
  NULL: 0x0010,
  SM3_256: 0x0012,
  SM4: 0x0013,
  RSASSA: 0x0014,
  RSAES: 0x0015,
  RSAPSS: 0x0016,
  OAEP: 0x0017,
  ECDSA: 0x0018,
  ECDH: 0x0019,
  ECDAA: 0x001a,
  SM2: 0x001b,
  ECSCHNORR: 0x001c,
  ECMQV: 0x001d,
  ECC: 0x0023,
  SYMCIPHER: 0x0025,
  CAMELLIA: 0x0026,
  SHA3_256: 0x0027,
  SHA3_384: 0x0028,
  SHA3_512: 0x0029,
  CFB: 0x0043,
} as const;

/** `SHA256`, or the number of an algorithm without a name here. */
export function algorithmName(id: number): string {
  const found = Object.entries(algorithms).find(([, value]) => value === id);
  return found?.[0] ?? `algorithm 0x${id.toString(16).padStart(4, '0')}`;
}

/** What node:crypto calls the hash; undefined for one it is not used with here. */
export function tpmHashName(id: number): string | undefined {
  return hashes[id]?.name;
}

/** Bytes of a digest. */
export function digestSize(id: number): number | undefined {
  return hashes[id]?.size;
}

const hashes: Readonly<Record<number, { readonly name: string; readonly size: number }>> = {
  [algorithms.SHA1]: { name: 'sha1', size: 20 },
  [algorithms.SHA256]: { name: 'sha256', size: 32 },
  [algorithms.SHA384]: { name: 'sha384', size: 48 },
  [algorithms.SHA512]: { name: 'sha512', size: 64 },
  [algorithms.SHA3_256]: { name: 'sha3-256', size: 32 },
  [algorithms.SHA3_384]: { name: 'sha3-384', size: 48 },
  [algorithms.SHA3_512]: { name: 'sha3-512', size: 64 },
};

/** A curve that both the TPM and Roles Anywhere know. */
export interface TpmCurve {
  /** As JWK has it: `P-256`. */
  readonly name: 'P-256' | 'P-384' | 'P-521';
  /** As createECDH of node:crypto has it. */
  readonly nodeName: string;
  /** Bytes of a coordinate. */
  readonly size: number;
}

/** TPM_ECC_CURVE (part 2, section 6.4). */
export const curves: Readonly<Record<number, TpmCurve>> = {
  0x0003: { name: 'P-256', nodeName: 'prime256v1', size: 32 },
  0x0004: { name: 'P-384', nodeName: 'secp384r1', size: 48 },
  0x0005: { name: 'P-521', nodeName: 'secp521r1', size: 66 },
};

const otherCurves: Readonly<Record<number, string>> = {
  0x0001: 'P-192',
  0x0002: 'P-224',
  0x0010: 'BN P-256',
  0x0011: 'BN P-638',
  0x0020: 'SM2 P-256',
};

/** `P-224`, for messages. */
export function curveName(id: number): string {
  return curves[id]?.name ?? otherCurves[id] ?? `curve 0x${id.toString(16).padStart(4, '0')}`;
}
