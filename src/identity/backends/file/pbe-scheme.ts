import { Problem } from '../../problem.ts';
import {
  type Element,
  objectIdentifierOf,
  octetStringOf,
  sequenceOf,
  smallIntegerOf,
  tags,
  takeIf,
} from '../../x509/der.ts';
import { type Cipher, type CipherWithIv, cipherByName } from './cipher.ts';

/** Password-based encryption with everything its parameters say. */
export type PbeScheme =
  | { readonly kind: 'pbes2'; readonly kdf: Kdf; readonly cipher: CipherWithIv }
  | {
      readonly kind: 'pbes1';
      readonly hash: string;
      readonly salt: Uint8Array;
      readonly iterations: number;
      readonly cipher: Cipher;
    }
  | { readonly kind: 'pkcs12'; readonly salt: Uint8Array; readonly iterations: number; readonly cipher: Cipher };

export type Kdf =
  | {
      readonly kind: 'pbkdf2';
      readonly salt: Uint8Array;
      readonly iterations: number;
      readonly hash: string;
      readonly length: number | undefined;
    }
  | { readonly kind: 'scrypt'; readonly salt: Uint8Array; readonly n: number; readonly r: number; readonly p: number };

const pbes2 = '1.2.840.113549.1.5.13';

/** PBES1 (RFC 8018, A.3); MD2 is nowhere to be had. */
const pbes1Schemes: Readonly<Record<string, readonly [hash: string, cipher: string]>> = {
  '1.2.840.113549.1.5.3': ['md5', 'des-cbc'],
  '1.2.840.113549.1.5.6': ['md5', 'rc2-64-cbc'],
  '1.2.840.113549.1.5.10': ['sha1', 'des-cbc'],
  '1.2.840.113549.1.5.11': ['sha1', 'rc2-64-cbc'],
};

/** RFC 7292, appendix C; all of them with SHA-1. */
const pkcs12Schemes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.12.1.1': 'rc4',
  '1.2.840.113549.1.12.1.2': 'rc4-40',
  '1.2.840.113549.1.12.1.3': 'des-ede3-cbc',
  '1.2.840.113549.1.12.1.4': 'des-ede-cbc',
  '1.2.840.113549.1.12.1.5': 'rc2-cbc',
  '1.2.840.113549.1.12.1.6': 'rc2-40-cbc',
};

/**
 * Reads an AlgorithmIdentifier of password-based encryption.
 *
 * @throws Problem KEY_UNSUPPORTED for one that is not known, or without a code for damaged parameters
 */
export function readPbeScheme(algorithm: Element | undefined): PbeScheme {
  const [identifier, parameters] = sequenceOf(algorithm);
  const oid = objectIdentifierOf(identifier);
  if (oid === pbes2) {
    const [kdf, cipher] = sequenceOf(parameters);
    return { kind: 'pbes2', kdf: readKdf(kdf), cipher: readCipher(cipher) };
  }
  const pbes1 = pbes1Schemes[oid];
  if (pbes1 !== undefined) {
    const [hash, cipher] = pbes1;
    return { kind: 'pbes1', hash, ...readSaltAndCount(parameters), cipher: knownCipher(cipher) };
  }
  const pkcs12 = pkcs12Schemes[oid];
  if (pkcs12 !== undefined) return { kind: 'pkcs12', ...readSaltAndCount(parameters), cipher: knownCipher(pkcs12) };
  throw unknown(`the scheme ${oid}`);
}

/** PBEParameter ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER } */
function readSaltAndCount(parameters: Element | undefined): { readonly salt: Uint8Array; readonly iterations: number } {
  const [salt, iterations] = sequenceOf(parameters);
  return { salt: octetStringOf(salt), iterations: countOf(iterations) };
}

/** Any positive number; what is too large is refused by `checkCost`. */
function countOf(element: Element | undefined): number {
  const count = smallIntegerOf(element, Number.MAX_SAFE_INTEGER);
  if (count === 0) throw new Problem('is damaged: its iteration count is 0');
  return count;
}

const pbkdf2Identifier = '1.2.840.113549.1.5.12';
const scryptIdentifier = '1.3.6.1.4.1.11591.4.11';

/** RFC 8018, A.2, and RFC 7914, section 7. */
export function readKdf(algorithm: Element | undefined): Kdf {
  const [identifier, parameters] = sequenceOf(algorithm);
  const oid = objectIdentifierOf(identifier);
  const fields = sequenceOf(parameters);
  const salt = octetStringOf(fields.shift());
  if (oid === scryptIdentifier) {
    const [n, r, p] = [countOf(fields.shift()), countOf(fields.shift()), countOf(fields.shift())];
    return { kind: 'scrypt', salt, n, r, p };
  }
  if (oid !== pbkdf2Identifier) throw unknown(`the key derivation ${oid}`);
  const iterations = countOf(fields.shift());
  const length = takeIf(fields, tags.integer);
  return {
    kind: 'pbkdf2',
    salt,
    iterations,
    // No cipher or HMAC here takes a longer key, and each block of it would take all iterations once more.
    length: length === undefined ? undefined : smallIntegerOf(length, 64),
    hash: fields.length === 0 ? 'sha1' : hmacHash(fields[0]),
  };
}

const hmacHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.6': 'md5',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
  '1.2.840.113549.2.12': 'sha512-224',
  '1.2.840.113549.2.13': 'sha512-256',
  '2.16.840.1.101.3.4.2.13': 'sha3-224',
  '2.16.840.1.101.3.4.2.14': 'sha3-256',
  '2.16.840.1.101.3.4.2.15': 'sha3-384',
  '2.16.840.1.101.3.4.2.16': 'sha3-512',
  '1.2.156.10197.1.401.3.1': 'sm3',
};

/** The hash of an HMAC's AlgorithmIdentifier, as node:crypto names it. */
export function hmacHash(algorithm: Element | undefined): string {
  const oid = objectIdentifierOf(sequenceOf(algorithm)[0]);
  const hash = hmacHashes[oid];
  if (hash === undefined) throw unknown(`the HMAC ${oid}`);
  return hash;
}

const rc2Cbc = '1.2.840.113549.3.2';

/** Ciphers of PBES2 whose parameters are their IV (RFC 8018, B.2; NIST CSOR; RFC 3657; RFC 5794). */
const ciphers: Readonly<Record<string, string>> = {
  '1.3.14.3.2.7': 'des-cbc',
  '1.2.840.113549.3.7': 'des-ede3-cbc',
  '2.16.840.1.101.3.4.1.2': 'aes-128-cbc',
  '2.16.840.1.101.3.4.1.3': 'aes-128-ofb',
  '2.16.840.1.101.3.4.1.4': 'aes-128-cfb',
  '2.16.840.1.101.3.4.1.22': 'aes-192-cbc',
  '2.16.840.1.101.3.4.1.23': 'aes-192-ofb',
  '2.16.840.1.101.3.4.1.24': 'aes-192-cfb',
  '2.16.840.1.101.3.4.1.42': 'aes-256-cbc',
  '2.16.840.1.101.3.4.1.43': 'aes-256-ofb',
  '2.16.840.1.101.3.4.1.44': 'aes-256-cfb',
  '1.2.392.200011.61.1.1.1.2': 'camellia-128-cbc',
  '1.2.392.200011.61.1.1.1.3': 'camellia-192-cbc',
  '1.2.392.200011.61.1.1.1.4': 'camellia-256-cbc',
  '1.2.410.200046.1.1.2': 'aria-128-cbc',
  '1.2.410.200046.1.1.7': 'aria-192-cbc',
  '1.2.410.200046.1.1.12': 'aria-256-cbc',
  '1.2.156.10197.1.104.2': 'sm4-cbc',
};

function readCipher(algorithm: Element | undefined): CipherWithIv {
  const [identifier, parameters] = sequenceOf(algorithm);
  const oid = objectIdentifierOf(identifier);
  if (oid === rc2Cbc) return readRc2(parameters);
  const name = ciphers[oid];
  if (name === undefined) throw unknown(`the cipher ${oid}`);
  return withIv(knownCipher(name), octetStringOf(parameters));
}

function withIv(cipher: Cipher, iv: Uint8Array): CipherWithIv {
  if (iv.length !== cipher.ivBytes)
    throw new Problem(`is damaged: its IV has ${iv.length} bytes, not ${cipher.ivBytes}`);
  return { ...cipher, iv };
}

/** How RC2-CBC-Parameter says effective bits below 256 (RFC 8018, B.2.3). */
const rc2Versions: Readonly<Record<number, number>> = { 160: 40, 120: 64, 58: 128 };

/** RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv OCTET STRING } */
function readRc2(parameters: Element | undefined): CipherWithIv {
  const fields = sequenceOf(parameters);
  const version = takeIf(fields, tags.integer);
  const effectiveBits = version === undefined ? 32 : rc2Versions[smallIntegerOf(version, 1024)];
  if (effectiveBits === undefined) throw unknown('an RC2 of that key length');
  return withIv(
    { ...knownCipher('rc2-cbc'), keyBytes: effectiveBits / 8, effectiveBits },
    octetStringOf(fields.shift()),
  );
}

function knownCipher(name: string): Cipher {
  const cipher = cipherByName(name);
  if (cipher === undefined) throw unknown(name);
  return cipher;
}

function unknown(what: string): Problem {
  return new Problem(`is encrypted with ${what}, which is not known`, 'KEY_UNSUPPORTED', {
    hints: ['encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out NEW'],
  });
}
