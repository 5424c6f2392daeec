import { Problem } from '../../problem.ts';
import { paddedElement, sequenceOf } from '../../x509/der.ts';

/** What a DER file that may hold a private key is. */
export type KeyStructure = 'pkcs8' | 'encrypted' | 'pkcs1' | 'sec1' | 'dsa' | 'tpm' | 'public-key' | 'certificate';

/** The first tags inside the outer SEQUENCE, as hexadecimal. */
const shapes: readonly (readonly [RegExp, KeyStructure])[] = [
  // PrivateKeyInfo: version, algorithm, OCTET STRING (RFC 5958)
  [/^02 30 04/, 'pkcs8'],
  // EncryptedPrivateKeyInfo: algorithm, OCTET STRING (RFC 5958)
  [/^30 04$/, 'encrypted'],
  // DSA as openssl wrote it: version, p, q, g, public, private
  [/^02( 02){5}$/, 'dsa'],
  // RSAPrivateKey: version and eight numbers, or more (RFC 8017, A.1.2)
  [/^02( 02){8}/, 'pkcs1'],
  // ECPrivateKey: version, OCTET STRING, … (RFC 5915)
  [/^02 04/, 'sec1'],
  // TPMKey: OBJECT IDENTIFIER, … (draft-woodhouse-cert-best-practice)
  [/^06 /, 'tpm'],
  [/^30 03$/, 'public-key'],
  [/^30 30 03$/, 'certificate'],
];

/**
 * Tells key formats apart by their outermost fields.
 *
 * @throws Problem KEY_INVALID when it is none of them
 */
export function keyStructure(der: Uint8Array): KeyStructure {
  const fields = sequenceOf(paddedElement(der)).map(({ tag }) => tag.toString(16).padStart(2, '0'));
  const shape = fields.slice(0, 16).join(' ');
  const found = shapes.find(([pattern]) => pattern.test(shape));
  if (found === undefined) throw new Problem('holds no private key that can be recognised', 'KEY_INVALID');
  return found[1];
}
