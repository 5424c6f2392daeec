import { Problem } from '../../problem.ts';
import type { Digest, SignatureAlgorithm } from '../../signer.ts';
import { algorithmName, algorithms } from './tpm2/algorithms.ts';
import type { SignatureScheme } from './tpm2/commands/sign.ts';
import { has, objectAttributes, type PublicArea } from './tpm2/public-area.ts';

const minRsaBits = 2048;
const maxRsaBits = 8192;

const digests: Readonly<Record<Digest, number>> = {
  'SHA-256': algorithms.SHA256,
  'SHA-384': algorithms.SHA384,
  'SHA-512': algorithms.SHA512,
};

/** @throws Problem TPM_KEY_UNSUPPORTED that says why the key cannot sign for Roles Anywhere */
export function checkCanSign(area: PublicArea): void {
  const reason = whyNot(area);
  if (reason !== undefined) throw new Problem(reason.message, 'TPM_KEY_UNSUPPORTED', { hints: reason.hints });
}

interface Reason {
  readonly message: string;
  readonly hints: readonly string[];
}

function whyNot(area: PublicArea): Reason | undefined {
  const { key } = area;
  if (!has(area, objectAttributes.sign)) {
    return because('has no sign attribute: it was made to decrypt', 'make one with the attribute sign');
  }
  if (has(area, objectAttributes.restricted)) {
    return because(
      'is restricted: it signs only what the TPM itself made',
      'make one without the attribute restricted',
    );
  }
  if (has(area, objectAttributes.x509sign)) {
    return because('has the attribute x509sign: it signs only certificates', 'make one without that attribute');
  }
  if (key.type === 'RSA' && (key.keyBits < minRsaBits || key.keyBits > maxRsaBits)) {
    return because(`is an RSA key of ${key.keyBits} bits`, `Roles Anywhere takes ${minRsaBits} to ${maxRsaBits} bits`);
  }
  const wanted = wantedScheme(area);
  const { scheme } = key.scheme;
  if (scheme !== wanted && scheme !== algorithms.NULL) {
    const only = `takes only the scheme ${algorithmName(scheme)}, and Roles Anywhere only ${algorithmName(wanted)}`;
    return because(only, `make one without a scheme, or with ${algorithmName(wanted).toLowerCase()}`);
  }
  return undefined;
}

function because(message: string, ...hints: readonly string[]): Reason {
  return { message, hints };
}

/** RSASSA-PKCS1-v1_5 or ECDSA: Roles Anywhere knows no other. */
function wantedScheme({ key }: PublicArea): SignatureScheme['scheme'] {
  return key.type === 'RSA' ? algorithms.RSASSA : algorithms.ECDSA;
}

/** The scheme for TPM2_Sign. @throws Problem TPM_KEY_UNSUPPORTED for a key that is bound to another hash */
export function schemeFor(area: PublicArea, digest: Digest): SignatureScheme {
  const { hash } = area.key.scheme;
  if (hash !== undefined && hash !== digests[digest]) {
    const fixed = `${algorithmName(area.key.scheme.scheme)} with ${algorithmName(hash)}`;
    throw new Problem(`takes only ${fixed}, and ${digest} is asked for`, 'TPM_KEY_UNSUPPORTED', {
      hints: ['CreateSession is signed with SHA-256; make a key without a scheme, or with sha256'],
    });
  }
  return { scheme: wantedScheme(area), hash: digests[digest] };
}

export function signatureAlgorithmOf({ key }: PublicArea): SignatureAlgorithm {
  return key.type === 'RSA' ? 'RSA' : 'ECDSA';
}
