import { expect, it } from 'vitest';
import { explainStsRefusal } from '../../../src/aws/assume-role/explain-refusal.ts';
import type { RoleCall } from '../../../src/aws/assume-role/role-hop.ts';

const url = 'https://sts.eu-west-1.amazonaws.com';

function causeOf(hop: Partial<RoleCall['hop']>, type = 'SignatureDoesNotMatch'): string {
  const call: RoleCall = {
    hop: { option: '--assume-role', roleArn: 'arn:aws:iam::111122223333:role/Hop', ...hop },
    position: 1,
    hops: 1,
    callerArn: 'arn:aws:iam::111122223333:role/Example',
    partition: 'aws',
    region: 'us-east-1',
    sts: { endpoint: { url, option: '--sts-endpoint' }, fips: false, dualStack: false },
    network: { verify: true, maxAttempts: 1, connectTimeout: 1, requestTimeout: 1 },
  };
  const refusal = { status: 403, type, message: '', requestId: undefined, headers: {} };
  return explainStsRefusal(refusal, call, new Date()).causeName;
}

it.each([
  ['of the trust anchor', {}, undefined, 'region'],
  ['of the hop, which is that of the endpoint', { region: 'eu-west-1' }, undefined, 'request'],
  ['is not why the trust policy refuses', {}, 'AccessDenied', 'trust-policy'],
])('an endpoint of another region than that %s', (_name, hop, type, cause) => {
  expect(causeOf(hop, type)).toBe(cause);
});
