import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AuthorizationHeader, readAuthorization, staleness } from './authorization.ts';
import type { CredentialStore, IssuedCredentials } from './credential-store.ts';
import { header, type ReceivedRequest } from './received-request.ts';
import { ServiceRefusal, type SignatureEvidence } from './refusal.ts';
import { signatureEvidence } from './canonical-request.ts';

/**
 * Checks an AWS4-HMAC-SHA256 signature for STS against the credentials this sandbox has issued. Any region will do: the
 * sandbox stands for the STS of every region, and the signature covers which one was meant.
 * @throws ServiceRefusal
 */
export function checkSigV4Signature(
  request: ReceivedRequest,
  expected: { readonly credentials: CredentialStore; readonly now: Date },
): IssuedCredentials {
  if (header(request, 'authorization') === undefined) {
    const message = 'Request is missing Authentication Token';
    throw refuse('MissingAuthenticationToken', message, 'there is no Authorization header');
  }
  const authorization = readAuthorization(request, incomplete);
  if (authorization.algorithm !== 'AWS4-HMAC-SHA256') {
    throw incomplete(`the algorithm is "${authorization.algorithm}", not AWS4-HMAC-SHA256`);
  }
  checkCoverage(request, authorization);
  checkScope(authorization, expected.now);
  const issued = findCredentials(request, authorization, expected.credentials);
  verify(request, authorization, issued.secretAccessKey);
  if (expected.now >= issued.session.expiration) {
    const message = 'The security token included in the request is expired';
    throw refuse('ExpiredToken', message, `the session ended at ${issued.session.expiration.toISOString()}`);
  }
  return issued;
}

/** The host and every x-amz header that was sent have to be signed (IAM user guide, signing elements). */
function checkCoverage(request: ReceivedRequest, { signedHeaders }: AuthorizationHeader): void {
  const names = request.headers.map(([name]) => name).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = names.find((name) => !signedHeaders.includes(name));
  if (unsigned !== undefined) throw mismatch(`the header ${unsigned} is not among the signed headers`);
}

function checkScope({ scope, date }: AuthorizationHeader, now: Date): void {
  if (scope.service !== 'sts') {
    const message = "Credential should be scoped to correct service: 'sts'. ";
    throw refuse('SignatureDoesNotMatch', message, `the service of the scope is "${scope.service}", not sts`);
  }
  if (!/^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(scope.region)) {
    const message = 'Credential should be scoped to a valid region. ';
    throw refuse('SignatureDoesNotMatch', message, `the region of the scope is "${scope.region}", which is no region`);
  }
  const stale = staleness(date, now);
  if (stale === undefined) return;
  const message =
    date < now
      ? `Signature expired: ${compact(date)} is now earlier than ${compact(earliest(now))} (${compact(now)} - 15 min.)`
      : `Signature not yet current: ${compact(date)} is still later than ${compact(latest(now))} (${compact(now)} + 15 min.)`;
  throw refuse('SignatureDoesNotMatch', message, stale);
}

function findCredentials(
  request: ReceivedRequest,
  { credential }: AuthorizationHeader,
  credentials: CredentialStore,
): IssuedCredentials {
  const issued = credentials.find(credential);
  const message = 'The security token included in the request is invalid.';
  if (issued === undefined) {
    throw refuse('InvalidClientTokenId', message, `the access key id ${credential} was not issued by this sandbox`);
  }
  const token = header(request, 'x-amz-security-token');
  if (token === undefined) throw refuse('InvalidClientTokenId', message, 'there is no X-Amz-Security-Token header');
  if (token !== issued.sessionToken) {
    throw refuse('InvalidClientTokenId', message, `the session token is not the one of ${credential}`);
  }
  return issued;
}

function verify(request: ReceivedRequest, authorization: AuthorizationHeader, secretAccessKey: string): void {
  const { date, region, service } = authorization.scope;
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (previous, part) => createHmac('sha256', previous).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  const given = Buffer.from(authorization.signature, 'hex');
  const candidates = signatureEvidence(request, authorization);
  const fits = candidates.some(({ stringToSign }) => {
    const wanted = createHmac('sha256', key).update(stringToSign, 'latin1').digest();
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
  if (!fits) throw mismatch('the signature does not fit the request and the secret access key', candidates[0]);
}

function mismatch(reason: string, evidence?: SignatureEvidence): ServiceRefusal {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
    'and signing method. Consult the service documentation for details.';
  return refuse('SignatureDoesNotMatch', message, reason, evidence);
}

function incomplete(reason: string): ServiceRefusal {
  const message = `Authorization header is incomplete: ${reason}`;
  return new ServiceRefusal({ status: 400, code: 'IncompleteSignature', message, reason });
}

function refuse(code: string, message: string, reason: string, evidence?: SignatureEvidence): ServiceRefusal {
  const told = { status: 403, code, message, reason };
  return new ServiceRefusal(evidence === undefined ? told : { ...told, evidence });
}

const fifteenMinutes = 15 * 60 * 1000;
const earliest = (now: Date): Date => new Date(now.getTime() - fifteenMinutes);
const latest = (now: Date): Date => new Date(now.getTime() + fifteenMinutes);
const compact = (date: Date): string => date.toISOString().replaceAll(/[-:]|\.\d+/g, '');
