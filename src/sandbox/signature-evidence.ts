import { createHash } from 'node:crypto';
import type { AuthorizationHeader } from './authorization.ts';
import { canonicalRequests } from './canonical-request.ts';
import type { ReceivedRequest } from './received-request.ts';
import type { SignatureEvidence } from './refusal.ts';

/** Every string to sign that the service would accept for the request, most likely first. */
export function signatureEvidence(request: ReceivedRequest, authorization: AuthorizationHeader): SignatureEvidence[] {
  const { algorithm, scope, signedHeaders, timestamp } = authorization;
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  return canonicalRequests(request, signedHeaders).map((canonicalRequest) => {
    const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex');
    return { canonicalRequest, stringToSign: [algorithm, timestamp, scopeText, hash].join('\n') };
  });
}
