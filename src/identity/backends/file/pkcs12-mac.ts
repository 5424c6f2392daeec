import { createHash, createHmac } from 'node:crypto';
import { Problem } from '../../problem.ts';
import {
  type Element,
  equalBytes,
  objectIdentifierOf,
  octetStringOf,
  sequenceOf,
  smallIntegerOf,
  takeIf,
  tags,
} from '../../x509/der.ts';
import { checkIterations, costOf, deriveKey, type PbePassword } from './pbe.ts';
import { hmacHash, readKdf } from './pbe-scheme.ts';
import { derivePkcs12, purposes } from './pkcs12-kdf.ts';

/** What protects a PKCS#12 file from being changed, and tells a wrong password at once. */
export interface Pkcs12Mac {
  readonly algorithm: Element | undefined;
  readonly digest: Uint8Array;
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** MacData ::= SEQUENCE { mac SEQUENCE { algorithm, digest }, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 } */
export function readPkcs12Mac(macData: Element): Pkcs12Mac {
  const fields = sequenceOf(macData);
  const [algorithm, digest] = sequenceOf(fields.shift());
  const salt = octetStringOf(fields.shift());
  const iterations = takeIf(fields, tags.integer);
  return {
    algorithm,
    digest: octetStringOf(digest),
    salt,
    iterations: iterations === undefined ? 1 : smallIntegerOf(iterations, Number.MAX_SAFE_INTEGER),
  };
}

/** By the object identifiers of the hashes themselves, as in a DigestInfo. */
const macHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.36.3.2.1': 'ripemd160',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.5': 'sha512-224',
  '2.16.840.1.101.3.4.2.6': 'sha512-256',
  '2.16.840.1.101.3.4.2.7': 'sha3-224',
  '2.16.840.1.101.3.4.2.8': 'sha3-256',
  '2.16.840.1.101.3.4.2.9': 'sha3-384',
  '2.16.840.1.101.3.4.2.10': 'sha3-512',
  '1.2.156.10197.1.401': 'sm3',
};

const pbmac1 = '1.2.840.113549.1.5.14';

/**
 * @param data what the MAC is made over
 * @throws Problem KEY_UNSUPPORTED
 */
export async function isMacRight(mac: Pkcs12Mac, data: Uint8Array, password: PbePassword): Promise<boolean> {
  const [identifier, parameters] = sequenceOf(mac.algorithm);
  const oid = objectIdentifierOf(identifier);
  const makeKey = oid === pbmac1 ? pbmac1Key(parameters, password) : pkcs12MacKey(oid, mac, password);
  const { hash, key } = await makeKey;
  return equalBytes(createHmac(hash, key).update(data).digest(), mac.digest);
}

interface MacKey {
  readonly hash: string;
  readonly key: Buffer;
}

/** PBMAC1-params ::= SEQUENCE { keyDerivationFunc, messageAuthScheme } (RFC 8018, A.5, and RFC 9579) */
async function pbmac1Key(parameters: Element | undefined, password: PbePassword): Promise<MacKey> {
  const [derivation, scheme] = sequenceOf(parameters);
  const kdf = readKdf(derivation);
  checkIterations(costOf(kdf));
  const hash = hmacHash(scheme);
  return { hash, key: await deriveKey(kdf, password.utf8, digestBytes(hash)) };
}

async function pkcs12MacKey(oid: string, { salt, iterations }: Pkcs12Mac, { bmp }: PbePassword): Promise<MacKey> {
  const hash = macHashes[oid];
  if (hash === undefined) throw unknownMac(oid, 'is not known');
  checkIterations(iterations);
  const length = digestBytes(hash);
  return { hash, key: await derivePkcs12({ hash, password: bmp, salt, iterations }, purposes.mac, length) };
}

function digestBytes(hash: string): number {
  try {
    return createHash(hash).digest().length;
  } catch (error) {
    throw unknownMac(hash, 'this OpenSSL does not have', error);
  }
}

function unknownMac(name: string, why: string, cause?: unknown): Problem {
  return new Problem(`is protected by a MAC with ${name}, which ${why}`, 'KEY_UNSUPPORTED', {
    cause,
    hints: ['write it anew: openssl pkcs12 -in FILE -nodes | openssl pkcs12 -export -macalg sha256 -out NEW'],
  });
}
