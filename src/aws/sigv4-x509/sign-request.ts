import type { SignatureAlgorithm, Signer } from '../../identity/signer.ts';
import type { Certificate } from '../../identity/x509/certificate.ts';
import { canonicalRequest, foldHeaderNames, sha256Hex } from './canonical-request.ts';
import type { SignedRequest, SigningScope, UnsignedRequest } from './request.ts';

/** One token for all three ML-DSA parameter sets; the hash in it is that of the signature, so ML-DSA names none. */
const algorithmTokens: Readonly<Record<SignatureAlgorithm, string>> = {
  RSA: 'AWS4-X509-RSA-SHA256',
  ECDSA: 'AWS4-X509-ECDSA-SHA256',
  'ML-DSA': 'AWS4-X509-MLDSA',
};

/**
 * What signing needs of a SigningIdentity.
 *
 * @example
 * ```ts
 * import type { SigningIdentity, SigningMaterial } from 'roles-anywhere';
 *
 * export const materialOf = ({ certificate, chain, signer }: SigningIdentity): SigningMaterial => ({
 *   certificate,
 *   chain,
 *   signer,
 * });
 * ```
 */
export interface SigningMaterial {
  readonly certificate: Pick<Certificate, 'der' | 'serialNumber'>;
  readonly chain: readonly Pick<Certificate, 'der'>[];
  readonly signer: Signer;
}

/**
 * Signs a request with SigV4-X509 (IAM Roles Anywhere user guide, "The signing process").
 *
 * There is no derived key as in SigV4: the private key of the leaf signs the string to sign. Every header handed in is
 * signed, so what must stay unsigned (User-Agent) is added afterwards. Content for X-Amz-Date, X-Amz-X509,
 * X-Amz-X509-Chain and Authorization is made here, whatever the request held under these names.
 *
 * @throws whatever the signer throws
 */
export async function signRequest(
  request: UnsignedRequest,
  identity: SigningMaterial,
  scope: SigningScope,
): Promise<SignedRequest> {
  const timestamp = amzDate(scope.date);
  const headers = { ...callerHeaders(request.headers), 'x-amz-date': timestamp, ...certificateHeaders(identity) };
  const canonical = canonicalRequest({ ...request, headers });
  const algorithm = algorithmTokens[identity.signer.algorithm];
  const credentialScope = `${timestamp.slice(0, 8)}/${scope.region}/${scope.service ?? 'rolesanywhere'}/aws4_request`;
  const stringToSign = [algorithm, timestamp, credentialScope, sha256Hex(canonical.text)].join('\n');
  const signature = await identity.signer.sign(Buffer.from(stringToSign));
  const authorization =
    `${algorithm} Credential=${identity.certificate.serialNumber}/${credentialScope}, ` +
    `SignedHeaders=${canonical.signedHeaders}, Signature=${Buffer.from(signature).toString('hex')}`;
  return { ...request, headers: { ...headers, authorization }, canonicalRequest: canonical.text, stringToSign };
}

/** `YYYYMMDD'T'HHMMSS'Z'`. */
function amzDate(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Without the headers that signing makes, so that none of them is there twice or signed by mistake. */
function callerHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const {
    authorization: _authorization,
    'x-amz-date': _date,
    'x-amz-x509': _leaf,
    'x-amz-x509-chain': _chain,
    ...rest
  } = foldHeaderNames(headers);
  return rest;
}

function certificateHeaders(identity: SigningMaterial): Record<string, string> {
  const leaf = { 'x-amz-x509': base64(identity.certificate) };
  if (identity.chain.length === 0) return leaf;
  return { ...leaf, 'x-amz-x509-chain': identity.chain.map(base64).join(',') };
}

function base64(certificate: Pick<Certificate, 'der'>): string {
  return Buffer.from(certificate.der).toString('base64');
}
