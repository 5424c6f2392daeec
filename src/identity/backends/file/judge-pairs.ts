import { RolesAnywhereError } from '../../../core/errors.ts';
import { locationOf } from '../sources.ts';
import { naming, Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { faultOf } from '../../x509/check-leaf.ts';
import { subjectOf } from '../../x509/explain-leaf.ts';
import {
  describePublicKey,
  isSupported,
  nameOfPublicKey,
  supportedKeys,
  whyUnsupported,
} from '../../x509/public-key.ts';
import { openPublicKey } from '../../x509/open-key.ts';
import type { ByteSource, KeySource } from '../../identity.ts';
import type { PrivateKey } from '../../private-key.ts';
import type { FileContents } from './file-contents.ts';

export interface Pair {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
}

export interface PairChoice extends FileContents {
  readonly source: { readonly certificate: ByteSource; readonly privateKey: KeySource };
  readonly now: Date;
}

/**
 * Decides where there is not simply one usable pair: none, several, or one with a key that cannot be used.
 *
 * @throws RolesAnywhereError KEY_MISMATCH, KEY_UNSUPPORTED, KEY_INVALID, CERTIFICATE_INVALID
 */
export async function judgePairs(pairs: readonly Pair[], choice: PairChoice): Promise<Pair> {
  const { privateKey, certificate } = choice.source;
  await naming(privateKey, 'KEY_INVALID', () => refuseUnopened(choice));
  const pair = pairs.length > 1 ? fittestPair(pairs, choice) : pairs[0];
  const publicKeys =
    pair === undefined ? choice.keys.map((key) => key.publicKeyInfo()) : [pair.certificate.publicKeyInfo];
  await naming(privateKey, 'KEY_INVALID', () => publicKeys.forEach(refuseUnsupported));
  if (pair !== undefined) return pair;
  await naming(certificate, 'CERTIFICATE_INVALID', () => refuseDamaged(choice));
  return naming(privateKey, 'KEY_MISMATCH', () => refuseMismatch(choice));
}

function refuseUnopened({ keys, keyProblem }: PairChoice): void {
  if (keys.length === 0 && keyProblem !== undefined) throw keyProblem;
}

/** Where no certificate is for the key, one that cannot be read may be the one that is. */
function refuseDamaged({ certificates, damaged: [first] }: PairChoice): void {
  if (first !== undefined) throw first.problem;
  for (const certificate of certificates) {
    if (isPublicKeyDamaged(certificate)) {
      throw new Problem(`holds the certificate ${subjectOf(certificate)}, whose public key is damaged`);
    }
  }
}

/** Of ML-DSA keys not every Node can tell. */
function isPublicKeyDamaged({ publicKeyInfo }: Certificate): boolean {
  const description = describePublicKey(publicKeyInfo);
  const isKnown = isSupported(description) && description.family !== 'ML-DSA';
  return isKnown && openPublicKey(publicKeyInfo) === undefined;
}

/** @throws Problem KEY_UNSUPPORTED */
export function refuseUnsupported(publicKeyInfo: Uint8Array): void {
  const description = describePublicKey(publicKeyInfo);
  if (isSupported(description)) return;
  throw new Problem(`cannot be used: ${whyUnsupported(description)}`, 'KEY_UNSUPPORTED', { hints: [supportedKeys] });
}

/** The one whose certificate can be used; where there is none the first, to be refused with its reason. */
function fittestPair(pairs: readonly Pair[], { source, now }: PairChoice): Pair | undefined {
  const fit = pairs.filter(({ certificate }) => faultOf(certificate, now) === undefined);
  if (fit.length <= 1) return fit[0] ?? pairs[0];
  const subjects = fit.map(({ certificate }) => subjectOf(certificate)).join('; ');
  throw new RolesAnywhereError(
    'KEY_INVALID',
    `${locationOf(source.privateKey)} holds ${fit.length} private keys with certificates that could be used: ${subjects}`,
    { hints: ['export the one that is meant into a file of its own'] },
  );
}

function refuseMismatch({ certificates, keys, source }: PairChoice): never {
  const keyTypes = keys.map((key) => nameOfPublicKey(describePublicKey(key.publicKeyInfo()))).join(', ');
  const [first] = certificates;
  const found =
    first === undefined
      ? 'nothing'
      : `${subjectOf(first)} (${nameOfPublicKey(describePublicKey(first.publicKeyInfo))})`;
  const more = certificates.length > 1 ? ` and ${certificates.length - 1} more, none of them for this key` : '';
  throw new Problem(
    `(${keyTypes}) is not the key of ${locationOf(source.certificate)}, which holds ${found}${more}`,
    'KEY_MISMATCH',
    { hints: ['give the key that this certificate was issued for; a renewed certificate may have a new one'] },
  );
}
