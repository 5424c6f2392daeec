import { Problem } from '../../problem.ts';
import type { Digest, SignatureAlgorithm } from '../../signer.ts';
import { algorithmName, algorithms } from './tpm2/algorithms.ts';
import type { SignatureScheme } from './tpm2/commands.ts';
import { type AsymmetricPublic, has, objectAttributes, type PublicArea } from './tpm2/public-area.ts';

const minRsaBits = 2048;
const maxRsaBits = 8192;

const digests: Readonly<Record<Digest, number>> = {
  'SHA-256': algorithms.SHA256,
  'SHA-384': algorithms.SHA384,
  'SHA-512': algorithms.SHA512,
};

/** The key, if it can sign for Roles Anywhere. @throws Problem TPM_KEY_UNSUPPORTED that says why it cannot */
export function signingKeyOf(area: PublicArea): AsymmetricPublic {
  const { key } = area;
  if (key.type === 'other') {
    throw unsupported({ message: `is no RSA or EC key, but of type ${algorithmName(key.algorithm)}`, hints: [] });
  }
  const reason = whyNotByAttributes(area) ?? whyNotByKind(key);
  if (reason !== undefined) throw unsupported(reason);
  return key;
}

interface Reason {
  readonly message: string;
  readonly hints: readonly string[];
}

function unsupported({ message, hints }: Reason): Problem {
  return new Problem(message, 'TPM_KEY_UNSUPPORTED', { hints });
}

function whyNotByAttributes(area: PublicArea): Reason | undefined {
  if (!has(area, objectAttributes.sign)) {
    return because('has no sign attribute: it was made to decrypt', 'make one with the attribute sign');
  }
  if (has(area, objectAttributes.restricted)) {
    return because('is restricted: it signs only what the TPM itself made', 'make one without that attribute');
  }
  if (has(area, objectAttributes.x509sign)) {
    return because('has the attribute x509sign: it signs only certificates', 'make one without that attribute');
  }
  return undefined;
}

function whyNotByKind(key: AsymmetricPublic): Reason | undefined {
  if (key.type === 'RSA' && (key.keyBits < minRsaBits || key.keyBits > maxRsaBits)) {
    return because(`is an RSA key of ${key.keyBits} bits`, `Roles Anywhere takes ${minRsaBits} to ${maxRsaBits} bits`);
  }
  const wanted = wantedScheme(key);
  const { scheme } = key.scheme;
  if (scheme === wanted || scheme === algorithms.NULL) return undefined;
  const only = `takes only the scheme ${algorithmName(scheme)}, and Roles Anywhere only ${algorithmName(wanted)}`;
  return because(only, `make one without a scheme, or with ${algorithmName(wanted).toLowerCase()}`);
}

function because(message: string, ...hints: readonly string[]): Reason {
  return { message, hints };
}

/** RSASSA-PKCS1-v1_5 or ECDSA: Roles Anywhere knows no other. */
function wantedScheme(key: AsymmetricPublic): SignatureScheme['scheme'] {
  return key.type === 'RSA' ? algorithms.RSASSA : algorithms.ECDSA;
}

/** The scheme for TPM2_Sign. @throws Problem TPM_KEY_UNSUPPORTED for a key that is bound to another hash */
export function schemeFor(key: AsymmetricPublic, digest: Digest): SignatureScheme {
  const { scheme, hash } = key.scheme;
  if (hash !== undefined && hash !== digests[digest]) {
    const message = `takes only ${algorithmName(scheme)} with ${algorithmName(hash)}, and ${digest} is asked for`;
    throw unsupported(
      because(message, 'CreateSession is signed with SHA-256; make a key without a scheme, or with sha256'),
    );
  }
  return { scheme: wantedScheme(key), hash: digests[digest] };
}

export function signatureAlgorithmOf(key: AsymmetricPublic): SignatureAlgorithm {
  return key.type === 'RSA' ? 'RSA' : 'ECDSA';
}
