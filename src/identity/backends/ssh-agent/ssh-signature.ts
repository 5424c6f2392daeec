import { Problem } from '../../problem.ts';
import type { Digest, SignatureAlgorithm } from '../../signer.ts';
import { encodeEcdsaSignature } from '../../x509/der-writer.ts';
import { SshReader } from './ssh-wire.ts';

/** How an agent is asked for a signature. */
export interface SshScheme {
  /** What its answer must be (RFC 8332, section 3; RFC 5656, section 3.1.2). */
  readonly name: string;
  /** SSH_AGENT_RSA_SHA2_256 and SSH_AGENT_RSA_SHA2_512; gpg-agent refuses any with an ECDSA key. */
  readonly flags: number;
}

const schemes: Readonly<Partial<Record<`${SignatureAlgorithm} ${Digest}`, SshScheme>>> = {
  'RSA SHA-256': { name: 'rsa-sha2-256', flags: 2 },
  'RSA SHA-512': { name: 'rsa-sha2-512', flags: 4 },
  'ECDSA SHA-256': { name: 'ecdsa-sha2-nistp256', flags: 0 },
};

/** Undefined for what agents cannot do. The ECDSA keys are those of P-256. */
export function sshSchemeFor(algorithm: SignatureAlgorithm, digest: Digest): SshScheme | undefined {
  return schemes[`${algorithm} ${digest}`];
}

/**
 * The signature as Signer.sign gives it.
 *
 * @param signature the blob of SSH_AGENT_SIGN_RESPONSE
 * @param modulusBytes of an RSA key: agents may leave out the zeros in front
 * @throws Problem for another scheme than the one that was asked for, and for what is no signature
 */
export function wireFormOf(signature: Uint8Array, { name }: SshScheme, modulusBytes: number): Uint8Array {
  const reader = new SshReader(signature);
  const given = reader.string().toString('latin1');
  if (given !== name) throw new Problem(`has a signature of another kind than ${name}`, undefined, hintsOf(given));
  const bytes = reader.string();
  if (name.startsWith('rsa')) return Buffer.concat([Buffer.alloc(Math.max(0, modulusBytes - bytes.length)), bytes]);
  const numbers = new SshReader(bytes);
  return encodeEcdsaSignature(numbers.string(), numbers.string());
}

function hintsOf(given: string): { readonly hints: readonly string[] } {
  return given === 'ssh-rsa'
    ? { hints: ['it is one of SHA-1: the agent is older than RFC 8332, of before 2018; a newer one knows SHA-256'] }
    : { hints: [] };
}
