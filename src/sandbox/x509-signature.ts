import type { JudgedCertificate } from '../trust/x509/certificate.ts';
import { type KeyFamily, readPublicKey } from '../trust/x509/public-key.ts';
import { decodeCertificate } from '../trust/x509/read-certificate.ts';
import { type VerificationScheme, verifyWithKey, withVerifiers } from '../trust/x509/verify-signature.ts';
import { type AuthorizationHeader, readAuthorization, staleness } from './authorization.ts';
import { header, type ReceivedRequest } from './received-request.ts';
import { ServiceRefusal, type SignatureEvidence } from './refusal.ts';
import { signatureEvidence } from './canonical-request.ts';

/** Who signed a CreateSession request. */
export interface X509Caller {
  readonly leaf: JudgedCertificate;
  /** As sent: neither its order nor its use has been looked at. */
  readonly chain: readonly JudgedCertificate[];
}

/** The algorithm names of SigV4-X509 (user guide, signing process). */
const algorithms: ReadonlyMap<string, { readonly family: KeyFamily; readonly scheme: VerificationScheme }> = new Map([
  ['AWS4-X509-RSA-SHA256', { family: 'RSA', scheme: { kind: 'RSA-PKCS1', hash: 'SHA-256' } }],
  // SHA-256 for every curve.
  ['AWS4-X509-ECDSA-SHA256', { family: 'ECDSA', scheme: { kind: 'ECDSA', hash: 'SHA-256' } }],
  ['AWS4-X509-MLDSA', { family: 'ML-DSA', scheme: { kind: 'ML-DSA' } }],
]);

/** Always to be signed; of the others, those that were sent. */
const signedAlways = ['host', 'x-amz-date', 'x-amz-x509'];
const signedWhenSent = ['content-type', 'x-amz-x509-chain'];

/**
 * Checks the signature of SigV4-X509 against the certificate that came with it. Whether that certificate is trusted is
 * another matter.
 * @throws ServiceRefusal
 */
export async function checkX509Signature(
  request: ReceivedRequest,
  expected: { readonly region: string; readonly now: Date },
): Promise<X509Caller> {
  if (header(request, 'authorization') === undefined) {
    throw invalidSignature('there is no Authorization header');
  }
  const caller = readCaller(request);
  const authorization = readAuthorization(request, invalidSignature);
  checkScope(authorization, caller.leaf, expected);
  const required = [...signedAlways, ...signedWhenSent.filter((name) => header(request, name) !== undefined)];
  const unsigned = required.find((name) => !authorization.signedHeaders.includes(name));
  if (unsigned !== undefined) throw invalidSignature(`the header ${unsigned} is not among the signed headers`);
  await verify(request, authorization, caller.leaf);
  return caller;
}

function readCaller(request: ReceivedRequest): X509Caller {
  const leaf = header(request, 'x-amz-x509');
  const chain = header(request, 'x-amz-x509-chain');
  if (leaf === undefined) throw insufficientCertificate('there is no X-Amz-X509 header');
  return {
    leaf: readHeaderCertificate(leaf, 'X-Amz-X509'),
    chain: (chain?.split(',') ?? []).map((text) => readHeaderCertificate(text, 'X-Amz-X509-Chain')),
  };
}

function readHeaderCertificate(text: string, name: string): JudgedCertificate {
  const der = Buffer.from(text, 'base64');
  // Buffer reads what it can; the service takes plain base64 of one line only.
  if (der.length === 0 || der.toString('base64') !== text) {
    throw insufficientCertificate(`${name} is not standard base64 on one line`);
  }
  try {
    return decodeCertificate(der);
  } catch (error) {
    throw insufficientCertificate(`${name} holds no certificate: ${error instanceof Error ? error.message : ''}`);
  }
}

function checkScope(
  authorization: AuthorizationHeader,
  leaf: JudgedCertificate,
  expected: { readonly region: string; readonly now: Date },
): void {
  const { credential, scope, date } = authorization;
  if (credential !== leaf.serialNumber.toString()) {
    const isHex = credential.toLowerCase() === leaf.serialNumber.toString(16);
    const hint = isHex ? '; it was given in hex' : '';
    throw invalidSignature(
      `the Credential ${credential} is not the serial number ${leaf.serialNumber} in decimal${hint}`,
    );
  }
  if (scope.service !== 'rolesanywhere') {
    throw invalidSignature(`the service of the scope is "${scope.service}", not rolesanywhere`);
  }
  if (scope.region !== expected.region) {
    throw invalidSignature(`the region of the scope is "${scope.region}", not ${expected.region}`);
  }
  const stale = staleness(date, expected.now);
  if (stale !== undefined) throw invalidSignature(stale);
}

async function verify(
  request: ReceivedRequest,
  authorization: AuthorizationHeader,
  leaf: JudgedCertificate,
): Promise<void> {
  const algorithm = algorithms.get(authorization.algorithm);
  if (algorithm === undefined) throw invalidSignature(`the algorithm "${authorization.algorithm}" is not known`);
  const key = readPublicKey(leaf.publicKeyInfo);
  if ('problem' in key) throw insufficientCertificate(`the key of the leaf is unsuitable: ${key.problem}`);
  if (key.family !== algorithm.family) {
    throw invalidSignature(`the algorithm ${authorization.algorithm} does not fit the leaf's key, ${key.name}`);
  }
  const signature = Buffer.from(authorization.signature, 'hex');
  const candidates = signatureEvidence(request, authorization);
  for (const { stringToSign } of candidates) {
    const message = Buffer.from(stringToSign, 'latin1');
    if (await withVerifiers(() => verifyWithKey(key, { scheme: algorithm.scheme, message, signature }))) return;
  }
  throw invalidSignature('the signature does not fit the request and the leaf', candidates[0]);
}

function invalidSignature(reason: string, evidence?: SignatureEvidence): ServiceRefusal {
  const told = { status: 403, code: 'AccessDeniedException', message: 'Invalid signature', reason };
  return new ServiceRefusal(evidence === undefined ? told : { ...told, evidence });
}

function insufficientCertificate(reason: string): ServiceRefusal {
  const message = 'Untrusted certificate. Insufficient certificate';
  return new ServiceRefusal({ status: 403, code: 'AccessDeniedException', message, reason });
}
