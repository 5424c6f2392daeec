import { expect, it } from 'vitest';
import { explainStsRefusal } from '../../../src/aws/assume-role/explain-refusal.ts';
import type { RoleCall } from '../../../src/aws/assume-role/role-hop.ts';

const url = 'https://sts.eu-west-1.amazonaws.com';

type ClientConfig = NonNullable<RoleCall['sts']['clientConfig']>;

function callOf(hop: Partial<RoleCall['hop']>, clientConfig: ClientConfig = {}): RoleCall {
  return {
    hop: { option: '--assume-role', roleArn: 'arn:aws:iam::111122223333:role/Hop', ...hop },
    position: 1,
    hops: 1,
    callerArn: 'arn:aws:iam::111122223333:role/Example',
    partition: 'aws',
    region: 'us-east-1',
    sts: { endpoint: { url, option: '--sts-endpoint' }, fips: false, dualStack: false, clientConfig },
    network: { verify: true, maxAttempts: 1, connectTimeout: 1, requestTimeout: 1 },
  };
}

function explain(type: string, call: RoleCall): ReturnType<typeof explainStsRefusal> {
  const refusal = { status: 403, type, message: '', requestId: undefined, headers: {} };
  return explainStsRefusal(refusal, call, new Date());
}

it.each([
  ['of the trust anchor', {}, undefined, 'region'],
  ['of the hop, which is that of the endpoint', { region: 'eu-west-1' }, undefined, 'request'],
  ['is not why the trust policy refuses', {}, 'AccessDenied', 'trust-policy'],
])('an endpoint of another region than that %s', (_name, hop, type = 'SignatureDoesNotMatch', cause) => {
  expect(explain(type, callOf(hop)).causeName).toBe(cause);
});

it.each<[string, ClientConfig, string]>([
  ['a region', { region: 'ap-south-1' }, 'region'],
  ['the region of the endpoint', { region: 'eu-west-1' }, 'request'],
  ['a region by a function, which is not known here', { region: async () => 'eu-west-1' }, 'request'],
  ['an endpoint, which is the one that was asked', { endpoint: 'https://sts.us-east-1.amazonaws.com' }, 'request'],
])("the caller's own settings name %s", (_name, clientConfig, cause) => {
  expect(explain('SignatureDoesNotMatch', callOf({}, clientConfig)).causeName).toBe(cause);
});

it('the region is no guess where a function gives it', () => {
  expect(explain('RegionDisabledException', callOf({}, { region: async () => 'eu-west-1' })).hints[0]).toMatch(
    /^activate STS in the region that clientConfig\.region gives /,
  );
});
