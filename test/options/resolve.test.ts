import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { throwRequestProblems } from '../../src/options/explain-request.ts';
import { resolveCredentialRequest } from '../../src/options/resolve.ts';
import type { CredentialRequest } from '../../src/pipeline.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';
import { valuesOf } from './values.ts';

const id = 'a1b2c3d4-1111-2222-3333-444455556666';
const trustAnchorArn = `arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/${id}`;
const profileArn = `arn:aws:rolesanywhere:eu-west-1:111122223333:profile/${id}`;
const roleArn = 'arn:aws:iam::111122223333:role/on-prem';
const arns = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
const complete = [...arns, '--certificate', 'leaf.pem'];

/** As credential-process does it: the request, or the explanation of why there is none. */
async function resolve(args: readonly string[], env: Record<string, string> = {}): Promise<CredentialRequest> {
  const values = await valuesOf('credential-process', { args, env });
  return resolveCredentialRequest(values, env) ?? throwRequestProblems(values);
}

test('the least that is needed, and the defaults', async () => {
  expect(await resolve(complete)).toEqual({
    identity: { certificate: { option: '--certificate', kind: 'file', path: 'leaf.pem' } },
    session: { trustAnchorArn, profileArn, roleArn, region: 'eu-west-1', durationSeconds: 3600 },
    endpoint: { partition: 'aws', region: 'eu-west-1', fips: false, dualStack: false },
    network: { verify: true, maxAttempts: 3, connectTimeout: 10_000, requestTimeout: 60_000 },
  });
});

test('everything', async () => {
  const args = [
    ...complete,
    '--private-key',
    'env:KEY',
    '--intermediates',
    'fd:5',
    '--pkcs8-password',
    'sesame',
    '--region',
    'us-east-1',
    '--session-duration',
    '900',
    '--role-session-name',
    'ci@build=1',
    '--endpoint',
    'https://vpce.example',
    '--use-fips-endpoint',
    '--use-dualstack-endpoint',
    '--ca-bundle',
    'ca.pem',
    '--no-verify-ssl',
    '--with-proxy',
    '--max-attempts',
    '1',
    '--connect-timeout',
    '2',
    '--request-timeout',
    '3',
  ];
  expect(
    await resolve(args, { HTTPS_PROXY: 'http://up:1', https_proxy: 'http://low:1', http_proxy: 'http://low:2' }),
  ).toEqual({
    identity: {
      certificate: { option: '--certificate', kind: 'file', path: 'leaf.pem' },
      privateKey: { option: '--private-key', kind: 'env', name: 'KEY' },
      intermediates: { option: '--intermediates', kind: 'fd', fd: 5 },
      keyPassword: { option: '--pkcs8-password', kind: 'value', value: 'sesame' },
    },
    session: {
      trustAnchorArn,
      profileArn,
      roleArn,
      region: 'us-east-1',
      durationSeconds: 900,
      roleSessionName: 'ci@build=1',
    },
    endpoint: {
      partition: 'aws',
      region: 'us-east-1',
      fips: true,
      dualStack: true,
      custom: { url: 'https://vpce.example', option: '--endpoint' },
    },
    network: {
      caBundle: { path: 'ca.pem', option: '--ca-bundle' },
      verify: false,
      proxies: { http: 'http://low:2', https: 'http://up:1', none: undefined },
      maxAttempts: 1,
      connectTimeout: 2000,
      requestTimeout: 3000,
    },
  });
});

test('sources are called by the place they came from', async () => {
  const env = { ROLES_ANYWHERE_CERTIFICATE: '-', AWS_CA_BUNDLE: 'ca.pem', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  const request = await resolve(arns, env);
  expect(request.identity).toEqual({ certificate: { option: 'ROLES_ANYWHERE_CERTIFICATE', kind: 'stdin' } });
  expect(request.network.caBundle?.option).toBe('AWS_CA_BUNDLE');
  expect(request.endpoint.custom?.option).toBe('AWS_ENDPOINT_URL');
});

test('a proxy in the environment alone is passed over', async () => {
  expect((await resolve(complete, { HTTPS_PROXY: 'http://proxy:1' })).network.proxies).toBeUndefined();
});

const passwordOf = async (args: readonly string[], env: Record<string, string> = {}) => {
  const { identity } = await resolve([...complete, ...args], env);
  return 'keyPassword' in identity ? identity.keyPassword : undefined;
};

describe('the password of the key', () => {
  test('by flag, file, descriptor and environment', async () => {
    expect(await passwordOf([])).toBeUndefined();
    expect(await passwordOf(['--pkcs8-password-file', 'secret.txt'])).toEqual({
      option: '--pkcs8-password-file',
      kind: 'file',
      path: 'secret.txt',
    });
    expect(await passwordOf(['--pkcs8-password-fd', '3'])).toEqual({
      option: '--pkcs8-password-fd',
      kind: 'fd',
      fd: 3,
    });
    expect(await passwordOf([], { ROLES_ANYWHERE_PKCS8_PASSWORD: 'sesame' })).toEqual({
      option: 'ROLES_ANYWHERE_PKCS8_PASSWORD',
      kind: 'value',
      value: 'sesame',
    });
  });

  test('an empty one is none', async () => {
    expect(await passwordOf(['--pkcs8-password', ''], { ROLES_ANYWHERE_PKCS8_PASSWORD: 'sesame' })).toBeUndefined();
  });
});

describe('missing', () => {
  test('everything at once, with every way to give it', async () => {
    const error = await rejectionOf(resolve([]));
    expect(error).toMatchObject({
      code: 'OPTION_MISSING',
      message: '--trust-anchor-arn, --profile-arn, --role-arn and --certificate are missing',
    });
    expect(error.hints[0]).toBe(
      'give --trust-anchor-arn, ROLES_ANYWHERE_TRUST_ANCHOR_ARN, or roles_anywhere_trust_anchor_arn in the profile of --from-profile',
    );
    expect(error.hints).toHaveLength(4);
  });

  test('one', async () => {
    expect((await rejectionOf(resolve(arns))).message).toBe('--certificate is missing');
    expect((await rejectionOf(resolve([...arns, '--private-key', 'leaf.key']))).message).toBe(
      '--certificate is missing',
    );
  });

  test('together with what is wrong', async () => {
    const error = await rejectionOf(
      resolve(['--role-arn', 'x', '--region', 'y', '--trust-anchor-arn', trustAnchorArn]),
    );
    expect(error.message).toBe('--profile-arn and --certificate are missing');
    expect(error.hints).toContain('also: --role-arn is no ARN of a role: "x"');
    expect(error.hints).toContain('also: --region must be a region such as eu-west-1, not "y"');
  });
});

const badSessionName = (name: string): string =>
  `--role-session-name must be 2 to 64 letters, digits or characters of _+=,.@-, not "${name}"`;

describe('refused', () => {
  test.each<[string[], string, string]>([
    [['--role-session-name', 'x'], 'OPTION_INVALID', badSessionName('x')],
    [['--role-session-name', 'a b'], 'OPTION_INVALID', badSessionName('a b')],
    [['--role-session-name', 'x'.repeat(65)], 'OPTION_INVALID', badSessionName('x'.repeat(65))],
    [
      ['--region', 'evil.example/'],
      'OPTION_INVALID',
      '--region must be a region such as eu-west-1, not "evil.example/"',
    ],
    [
      ['--role-arn', roleArn.replace('1111', '4444')],
      'ARN_MISMATCH',
      'profile and role are not in the same account: --profile-arn is in 111122223333, --role-arn in 444422223333',
    ],
    [
      ['--private-key', 'pkcs11:token=t?pin-value=sesame'],
      'OPTION_NOT_BUILT',
      '--private-key begins with pkcs11:, but keys on a PKCS#11 token are not built yet',
    ],
    [
      ['--certificate', 'pkcs11:token=t'],
      'OPTION_NOT_BUILT',
      '--certificate begins with pkcs11:, but keys on a PKCS#11 token are not built yet',
    ],
    [
      ['--private-key', 'handle:0x81000001'],
      'OPTION_NOT_BUILT',
      '--private-key begins with handle:, but keys in a TPM are not built yet',
    ],
  ])('%j', async (args, code, message) => {
    expect(await rejectionOf(resolve([...complete, ...args]))).toMatchObject({ code, message });
  });

  test('the region of another place than the trust anchor does not excuse a profile of another region', async () => {
    const args = [...complete, '--region', 'us-east-1', '--profile-arn', profileArn.replace('eu-west-1', 'us-east-1')];
    expect((await rejectionOf(resolve(args))).code).toBe('ARN_MISMATCH');
  });
});

describe('a password needs a descriptor of its own', () => {
  test.each<[string[], string]>([
    [['--certificate', 'fd:3', '--pkcs8-password-fd', '3'], '--certificate and --pkcs8-password-fd'],
    [['--certificate', 'x', '--private-key', '-', '--pkcs8-password-fd', '0'], '--private-key and --pkcs8-password-fd'],
    [
      ['--certificate', 'x', '--intermediates', 'fd:9', '--pkcs8-password-fd', '9'],
      '--intermediates and --pkcs8-password-fd',
    ],
  ])('%j', async (args, names) => {
    expect(await rejectionOf(resolve([...arns, ...args]))).toMatchObject({
      code: 'OPTION_CONFLICT',
      message: `${names} read the same descriptor`,
    });
  });
});

describe('what is refused can be explained', () => {
  // Values that are right, wrong, and right elsewhere: no combination may be refused without a reason, or the reverse.
  const texts: Record<string, readonly (string | undefined)[]> = {
    'trust-anchor-arn': [undefined, trustAnchorArn, profileArn, trustAnchorArn.replace('eu-west-1', 'us-east-1'), 'x'],
    'profile-arn': [undefined, profileArn, trustAnchorArn, profileArn.replace('1111', '4444')],
    'role-arn': [undefined, roleArn, roleArn.replace('aws', 'aws-cn'), roleArn.replace('1111', '4444'), 'x'],
    region: [undefined, 'us-east-1', 'nowhere', 'a/b'],
    'role-session-name': [undefined, 'ci', 'c'],
    certificate: [undefined, 'leaf.pem', '-', 'fd:3', 'env:', 'pkcs11:token=t'],
    'private-key': [undefined, 'fd:3', 'handle:0x81000001', 'fd:x'],
    intermediates: [undefined, 'chain.pem', 'handle:1'],
    'pkcs8-password-fd': [undefined, '0', '3'],
  };

  test('whatever the combination', async () => {
    const values = fc.record(
      Object.fromEntries(Object.entries(texts).map(([flag, choices]) => [flag, fc.constantFrom(...choices)])),
    );
    let resolved = 0;
    await fc.assert(
      fc.asyncProperty(values, async (chosen) => {
        const args = Object.entries(chosen).flatMap(([flag, text]) =>
          text === undefined ? [] : [`--${flag}=${text}`],
        );
        const given = await valuesOf('credential-process', { args });
        const isResolved = resolveCredentialRequest(given, {}) !== undefined;
        resolved += isResolved ? 1 : 0;
        // INTERNAL is what the explanation says when it finds nothing wrong.
        expect(thrownBy(() => throwRequestProblems(given)).code === 'INTERNAL').toBe(isResolved);
      }),
      { numRuns: 5000 },
    );
    expect(resolved).toBeGreaterThan(0);
  });
});
