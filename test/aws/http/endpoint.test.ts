import { describe, expect, it } from 'vitest';

import type { RolesAnywhereError } from '../../../src/core/errors.ts';
import { otherRegion } from '../../../src/aws/http/explain-endpoint.ts';
import { resolveEndpoint } from '../../../src/aws/http/endpoint.ts';
import type { EndpointOptions } from '../../../src/aws/create-session/session-request.ts';
import { rejectionOf } from '../../support/thrown.ts';

const plain: EndpointOptions = { partition: 'aws', region: 'eu-west-1', fips: false, dualStack: false };

function custom(url: string): EndpointOptions {
  return { ...plain, custom: { url, option: '--endpoint' } };
}

function refusal(options: EndpointOptions): Promise<RolesAnywhereError> {
  return rejectionOf(resolveEndpoint(options));
}

describe('hosts by partition', () => {
  it.each([
    ['aws', 'eu-west-1', 'amazonaws.com', 'api.aws'],
    ['aws-cn', 'cn-north-1', 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
    ['aws-us-gov', 'us-gov-west-1', 'amazonaws.com', 'api.aws'],
    ['aws-iso', 'us-iso-east-1', 'c2s.ic.gov', 'api.aws.ic.gov'],
    ['aws-iso-b', 'us-isob-east-1', 'sc2s.sgov.gov', 'api.aws.scloud'],
    ['aws-iso-e', 'eu-isoe-west-1', 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
    ['aws-iso-f', 'us-isof-south-1', 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
    ['aws-eusc', 'eusc-de-east-1', 'amazonaws.eu', 'api.amazonwebservices.eu'],
  ])('%s', async (partition, region, standard, dual) => {
    const href = async (fips: boolean, dualStack: boolean): Promise<string> =>
      (await resolveEndpoint({ partition, region, fips, dualStack })).href;

    expect(await href(false, false)).toBe(`https://rolesanywhere.${region}.${standard}/`);
    expect(await href(true, false)).toBe(`https://rolesanywhere-fips.${region}.${standard}/`);
    expect(await href(false, true)).toBe(`https://rolesanywhere.${region}.${dual}/`);
    expect(await href(true, true)).toBe(`https://rolesanywhere-fips.${region}.${dual}/`);
  });

  it('refuses a partition it has no suffix for, with the ones it has', async () => {
    expect(await refusal({ ...plain, partition: 'aws-moon' })).toMatchObject({
      code: 'ENDPOINT_INVALID',
      message: "no endpoint is known for the partition 'aws-moon'",
      hints: [expect.stringContaining('aws, aws-cn, aws-us-gov'), 'name the endpoint with --endpoint'],
    });
  });

  it.each(['', 'a.b', 'evil.test/', 'eu-west-1#', 'eu_west_1', 'EU-WEST-1', '-eu', 'eu-', 'é', 'a'.repeat(64)])(
    'keeps the region %j from steering the host',
    async (region) => {
      expect(await refusal({ ...plain, region })).toMatchObject({
        code: 'ENDPOINT_INVALID',
        message: `the region '${region}' cannot be part of a host name`,
      });
    },
  );
});

describe('a custom endpoint', () => {
  it.each([
    ['https://vpce-1.rolesanywhere.eu-west-1.vpce.amazonaws.com', undefined],
    ['https://proxy.example:8443/prefix', undefined],
    ['https://[2001:db8::1]/', undefined],
    ['http://127.0.0.1:9911', undefined],
    ['http://127.9.8.7/a/b/', undefined],
    ['http://localhost:8080', undefined],
    ['http://[::1]:8080', undefined],
    ['http://2130706433', 'http://127.0.0.1/'],
    ['HTTPS://Example.TEST:443', 'https://example.test/'],
  ])('%s is taken', async (url, href) => {
    expect((await resolveEndpoint(custom(url))).href).toBe(href ?? new URL(url).href);
  });

  it.each([
    ['rolesanywhere.eu-west-1.amazonaws.com', '--endpoint is no URL that begins with https://'],
    ['', '--endpoint is no URL that begins with https://'],
    ['https://', '--endpoint is no URL that begins with https://'],
    ['localhost:8080', '--endpoint begins with localhost:, but an endpoint begins with https://'],
    ['ftp://example.test', '--endpoint begins with ftp:, but an endpoint begins with https://'],
    ['https://user:hunter2@example.test', '--endpoint holds a user name or password, which an endpoint cannot'],
    ['https://example.test?x=hunter2', '--endpoint holds a query or a fragment, which an endpoint cannot'],
    ['https://example.test#hunter2', '--endpoint holds a query or a fragment, which an endpoint cannot'],
    ['http://example.test:80', 'unencrypted; http is for the loopback interface only'],
    ['http://10.0.0.1', 'would send the request to 10.0.0.1 unencrypted'],
    ['http://127.0.0.1.example.test', 'would send the request to 127.0.0.1.example.test unencrypted'],
    ['http://localhost.example.test', 'would send the request to localhost.example.test unencrypted'],
    ['http://[::2]', 'would send the request to [::2] unencrypted'],
  ])('%s is refused', async (url, message) => {
    const error = await refusal(custom(url));

    expect(error).toMatchObject({ code: 'ENDPOINT_INVALID', message: expect.stringContaining(message) });
    expect(JSON.stringify(error) + error.message).not.toContain('hunter2');
  });

  it.each([
    ['a FIPS', { fips: true }],
    ['a dual-stack', { dualStack: true }],
    ['a FIPS', { fips: true, dualStack: true }],
  ])('is not combined with %s endpoint', async (variant, flags) => {
    expect(await refusal({ ...custom('https://example.test'), ...flags })).toMatchObject({
      code: 'ENDPOINT_INVALID',
      message: `--endpoint cannot be combined with ${variant} endpoint`,
    });
  });
});

describe('a host against the region that is signed for', () => {
  it.each([
    'rolesanywhere.eu-west-1.amazonaws.com',
    'rolesanywhere-fips.us-gov-west-1.api.aws',
    'vpce-0123456789abcdef0-abcdefgh.rolesanywhere.ap-southeast-2.vpce.amazonaws.com',
    'sts.cn-northwest-1.amazonaws.com.cn',
    'sts-fips.us-west-2.amazonaws.com',
    'vpce-0123456789abcdef0-abcdefgh-us-east-1a.sts.us-west-2.vpce.amazonaws.com',
    'rolesanywhere.eusc-de-east-1.amazonaws.eu',
    'rolesanywhere.us-isob-east-1.sc2s.sgov.gov',
  ])('%s', (host) => {
    const region = host.split('.').at(host.startsWith('vpce') ? 2 : 1) ?? '';
    expect(otherRegion(host, region)).toBe(undefined);
    expect(otherRegion(host, 'us-east-1')).toBe(
      `${host} is of the region ${region}, and requests are signed for us-east-1`,
    );
  });

  it.each([
    'sts.amazonaws.com',
    'signing-proxy-1234567890.elb.eu-west-1.amazonaws.com',
    'ec2-203-0-113-25.eu-west-1.compute.amazonaws.com',
    'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com',
    'web-proxy-1.s3.us-east-1.amazonaws.com',
    'web-proxy-1.sts.amazonaws.com',
    'eu-west-1.amazonaws.com',
    'rolesanywhere.eu-west-1.example.com',
    'web-proxy-1.example',
    '127.0.0.1',
    'localhost',
  ])('nothing is said of %s', (host) => {
    expect(otherRegion(host, 'us-east-1')).toBe(undefined);
  });
});
