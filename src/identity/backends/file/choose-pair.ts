import type { Certificate } from '../../x509/certificate.ts';
import { describePublicKey, isSupported } from '../../x509/public-key.ts';
import type { PrivateKey } from '../../private-key.ts';
import type { Pair, PairChoice } from './judge-pairs.ts';

/**
 * The private key and the certificate that is for it, wherever in its file that stands. A PKCS#12 with several such
 * pairs must have one whose certificate Roles Anywhere takes.
 *
 * @throws RolesAnywhereError KEY_MISMATCH, KEY_UNSUPPORTED, KEY_INVALID, CERTIFICATE_INVALID
 */
export async function choosePair(choice: PairChoice): Promise<Pair> {
  const pairs = choice.keys.flatMap((key) => pairOf(key, choice.certificates));
  const [pair] = pairs;
  if (pair !== undefined && pairs.length === 1 && isUsable(pair)) return pair;
  const { judgePairs } = await import('./judge-pairs.ts');
  return judgePairs(pairs, choice);
}

/** The first certificate that is for the key, or nothing. */
function pairOf(key: PrivateKey, certificates: readonly Certificate[]): readonly Pair[] {
  const certificate = certificates.find((candidate) => key.fits(candidate));
  return certificate === undefined ? [] : [{ certificate, key }];
}

/** The public key of the certificate is the one of the private key, and at hand. */
function isUsable({ certificate }: Pair): boolean {
  return isSupported(describePublicKey(certificate.publicKeyInfo));
}
