import type { Credentials } from '../core/credentials.ts';
import { RolesAnywhereError } from '../core/errors.ts';
import { suffixes } from '../aws/http/explain-endpoint.ts';
import { saidByService } from '../aws/http/said-by-service.ts';
import { callService, serviceRefusal } from '../aws/service/call-service.ts';
import type { CredentialRequest } from '../pipeline/credential-plan.ts';
import type { DoctorContext } from './examination.ts';

/** GetCallerIdentity (STS API reference), which needs no permission. @throws RolesAnywhereError */
export async function askCallerIdentity(
  request: CredentialRequest,
  keys: Credentials,
  context: Pick<DoctorContext, 'now' | 'random' | 'sleep' | 'userAgent' | 'signal'>,
): Promise<string> {
  const call = {
    service: 'sts',
    operation: 'GetCallerIdentity of STS',
    region: request.endpoint.region,
    endpoint: stsEndpointOf(request),
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  } as const;
  const answer = await callService(call, { ...context, keys, network: request.network });
  if (answer.status !== 200) throw serviceRefusal(call, answer);
  const arn = /<Arn>([^<]+)<\/Arn>/.exec(Buffer.from(answer.body).toString('utf8'))?.[1];
  if (arn !== undefined) return saidByService(arn);
  throw new RolesAnywhereError('RESPONSE_INVALID', 'the answer of STS names no ARN', {
    hints: ['check that it is STS that answers at the endpoint'],
  });
}

/** The one that roles are assumed at (STS's endpoint rules); GovCloud's plain endpoints are the FIPS ones. */
function stsEndpointOf({ endpoint, sts }: CredentialRequest): URL {
  if (sts?.endpoint !== undefined) return new URL(sts.endpoint.url);
  const { partition, region, fips, dualStack } = endpoint;
  const suffix = suffixes.get(partition)?.[dualStack ? 1 : 0] ?? 'amazonaws.com';
  const name = fips && !(partition === 'aws-us-gov' && !dualStack) ? 'sts-fips' : 'sts';
  return new URL(`https://${name}.${region}.${suffix}`);
}
