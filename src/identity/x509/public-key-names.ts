import { maxRsaBits, minRsaBits, type PublicKeyDescription } from './public-key.ts';

/** Algorithms and curves that Roles Anywhere does not know, by object identifier. */
const otherNames: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.10040.4.1': 'DSA',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
  '1.3.132.0.10': 'EC secp256k1',
  '1.2.840.10045.3.1.1': 'EC P-192',
  '1.3.132.0.33': 'EC P-224',
  '1.3.36.3.3.2.8.1.1.7': 'EC brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'EC brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'EC brainpoolP512r1',
};

const explicitCurve = 'EC (curve spelled out)';

const reasons: Readonly<Record<string, string>> = {
  X25519: 'X25519 keys cannot sign',
  X448: 'X448 keys cannot sign',
  [explicitCurve]: 'EC keys must name their curve, and this one spells it out',
  'RSA-PSS': 'RSA-PSS keys cannot make the PKCS#1 v1.5 signatures that Roles Anywhere asks for',
};

/** `RSA 2048`, `EC P-256`, `ML-DSA-65`, `Ed25519`: for messages. */
export function nameOfPublicKey(description: PublicKeyDescription): string {
  if (description.family === 'RSA') return `RSA ${description.bits}`;
  if (description.family === 'EC') return `EC ${description.curve}`;
  if (description.family === 'ML-DSA') return description.name;
  if (description.oid === undefined) return explicitCurve;
  return otherNames[description.oid] ?? `algorithm ${description.oid}`;
}

/** Why `isSupported` is false. */
export function whyUnsupported(description: PublicKeyDescription): string {
  const name = nameOfPublicKey(description);
  if (description.family === 'RSA') {
    return `RSA keys must have ${minRsaBits} to ${maxRsaBits} bits, and this one has ${description.bits}`;
  }
  return reasons[name] ?? `Roles Anywhere takes no signatures by ${name} keys`;
}

/** The hint for a key or certificate that is not supported. */
export const supportedKeys = 'use RSA (2048 to 8192 bits), EC (P-256, P-384, P-521) or ML-DSA (44, 65, 87)';
