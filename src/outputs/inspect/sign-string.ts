import type { IdentityContext, SignerSource } from '../../identity/identity.ts';
import { openSigner } from '../../identity/open-identity.ts';
import type { Digest } from '../../identity/signer.ts';
import { publicKeyBytes } from '../../identity/x509/public-key.ts';
import { sha256 } from '../../runtime/node/crypto.ts';

/** How a signature is written: hexadecimal in quotes, hexadecimal, or its bytes. */
export type SignatureFormat = 'json' | 'text' | 'bin';

export interface SignStringRequest {
  readonly key: SignerSource;
  /** Means nothing to an ML-DSA key. */
  readonly digest: Digest;
  readonly format: SignatureFormat;
}

/**
 * Signs the official helper's test message with a key and writes the signature as the helper does, without a line
 * break after it.
 *
 * @throws RolesAnywhereError KEY_*, PASSWORD_*, CERTIFICATE_*, PKCS11_*, PIN_*, TPM_*, SIGNATURE_INVALID
 */
export async function signString(request: SignStringRequest, context: IdentityContext): Promise<string | Uint8Array> {
  const opened = await openSigner(request.key, context);
  try {
    const message = testMessage(opened.signer.algorithm === 'ML-DSA' ? undefined : opened.publicKeyInfo);
    return write(await opened.signer.sign(message, request.digest), request.format);
  } finally {
    await opened.close();
  }
}

/** The helper's fixed message; it ends in a hash of the public key, where that is known and not an ML-DSA key. */
function testMessage(publicKeyInfo: Uint8Array | undefined): Uint8Array {
  const text = Buffer.from('AWS Roles Anywhere Credential Helper Signing Test1', 'ascii');
  if (publicKeyInfo === undefined) return text;
  return Buffer.concat([text, sha256(Buffer.concat([Buffer.from('IAM RA'), publicKeyBytes(publicKeyInfo)]))]);
}

function write(signature: Uint8Array, format: SignatureFormat): string | Uint8Array {
  if (format === 'bin') return signature;
  const hex = Buffer.from(signature).toString('hex');
  return format === 'text' ? hex : `"${hex}"`;
}
