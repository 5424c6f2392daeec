import { createPublicKey } from 'node:crypto';
import {
  type DerElement,
  derTag,
  Fields,
  malformed,
  readInside,
  readObjectIdentifier,
  readOnly,
  readWholeBits,
} from './der.ts';

/** The families of keys that sign CreateSession (user guide, signing process). */
export type KeyFamily = 'RSA' | 'ECDSA' | 'ML-DSA';

/** A public key that Roles Anywhere takes. */
export interface PublicKey {
  readonly family: KeyFamily;
  /** `RSA-2048`, `P-256`, `ML-DSA-44`. */
  readonly name: string;
  /** DER of the SubjectPublicKeyInfo. */
  readonly info: Uint8Array;
  /** The key inside of it, without its algorithm. */
  readonly bits: Uint8Array;
}

/** Object identifiers of FIPS 204 keys and signatures (RFC 9881, section 2). */
export const mlDsaKeyNames: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
};

const rsaEncryption = '1.2.840.113549.1.1.1';
const ecPublicKey = '1.2.840.10045.2.1';

const curves: Readonly<Record<string, string>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
};

/** No limits are published; these are the sizes that both sides of this package handle. */
const rsaBits = { least: 2048, most: 8192 };

/**
 * Tells what kind of key it is, or why such a key is not taken.
 */
export function readPublicKey(info: Uint8Array): PublicKey | { readonly problem: string } {
  const known = identified.get(info);
  if (known !== undefined) return known;
  const key = identifyAny(info);
  identified.set(info, key);
  return key;
}

/** What was said of a certificate's key before: the key of a CA is asked for with every path. */
const identified = new WeakMap<Uint8Array, PublicKey | { readonly problem: string }>();

function identifyAny(info: Uint8Array): PublicKey | { readonly problem: string } {
  try {
    return identify(info);
  } catch {
    return { problem: 'its algorithm cannot be read' };
  }
}

interface KeyInfo {
  readonly algorithm: string;
  readonly parameters: DerElement | undefined;
  readonly bits: Uint8Array;
}

/**
 * SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING } (RFC 5280, section
 * 4.1)
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readKeyInfo(info: Uint8Array): KeyInfo {
  const fields = new Fields(readInside(readOnly(info)));
  const [oid, parameters] = readInside(fields.next(derTag.sequence));
  const algorithm = readObjectIdentifier(oid);
  const bits = readWholeBits(fields.next(derTag.bitString));
  fields.end();
  if (algorithm === rsaEncryption && readInside(readOnly(bits)).length > 2) throw malformed('its RSA key is malformed');
  if (algorithm === ecPublicKey && parameters?.tag === derTag.objectIdentifier) readObjectIdentifier(parameters);
  return { algorithm, parameters, bits };
}

function identify(info: Uint8Array): PublicKey | { readonly problem: string } {
  const { algorithm, parameters, bits } = readKeyInfo(info);
  const mlDsa = mlDsaKeyNames[algorithm];
  if (mlDsa !== undefined) return { family: 'ML-DSA', name: mlDsa, info, bits };
  if (algorithm === rsaEncryption) return readRsaKey(info, bits);
  if (algorithm !== ecPublicKey) return { problem: `keys of the algorithm ${algorithm} are not taken` };
  const curve = curves[readObjectIdentifier(parameters)];
  return curve === undefined
    ? { problem: `the curve ${readObjectIdentifier(parameters)} is not taken` }
    : { family: 'ECDSA', name: curve, info, bits };
}

function readRsaKey(info: Uint8Array, bits: Uint8Array): PublicKey | { readonly problem: string } {
  const key = createPublicKey({ key: Buffer.from(info), format: 'der', type: 'spki' });
  const size = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return size < rsaBits.least || size > rsaBits.most
    ? { problem: `an RSA key of ${size} bits is not taken` }
    : { family: 'RSA', name: `RSA-${size}`, info, bits };
}
