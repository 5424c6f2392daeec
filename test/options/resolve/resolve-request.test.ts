import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { throwRequestProblems } from '../../../src/options/explain/explain-request.ts';
import { resolveCredentialRequest } from '../../../src/options/resolve/resolve-plan.ts';
import type { CredentialRequest } from '../../../src/pipeline/credential-plan.ts';
import { rejectionOf, thrownBy } from '../../support/thrown.ts';
import { valuesOf } from '../parse/values.ts';

const id = 'a1b2c3d4-1111-2222-3333-444455556666';
const trustAnchorArn = `arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/${id}`;
const profileArn = `arn:aws:rolesanywhere:eu-west-1:111122223333:profile/${id}`;
const roleArn = 'arn:aws:iam::111122223333:role/on-prem';
const arns = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
const complete = [...arns, '--certificate', 'leaf.pem'];

/** As credential-process does it: the request, or the explanation of why there is none. */
async function resolve(args: readonly string[], env: Record<string, string> = {}): Promise<CredentialRequest> {
  const values = await valuesOf('credential-process', { args, env });
  return (await resolveCredentialRequest(values, env)) ?? throwRequestProblems(values);
}

test('the least that is needed, and the defaults', async () => {
  expect(await resolve(complete)).toEqual({
    identity: { certificate: { option: '--certificate', kind: 'file', path: 'leaf.pem' } },
    session: { trustAnchorArn, profileArn, roleArn, region: 'eu-west-1', durationSeconds: 3600 },
    endpoint: { partition: 'aws', region: 'eu-west-1', fips: false, dualStack: false },
    network: { verify: true, maxAttempts: 3, connectTimeout: 10_000, requestTimeout: 60_000 },
  });
});

test('a certificate of a store, and what is said of such', async () => {
  const args = [...arns, '--certificate', 'keychain:?subject=CN=leaf', '--use-latest-expiring-certificate'];
  const { identity } = await resolve(args, { ROLES_ANYWHERE_ALLOW_UI: 'true' });
  expect(identity).toEqual({
    certificate: { option: '--certificate', kind: 'keychain', subject: 'CN=leaf' },
    pkcs11: { useLatestExpiring: true },
    systemStore: { allowUi: true, useLatestExpiring: true },
  });
});

test.each(['--cert-selector=Key=x509Serial,Value=0A', '--system-store-name=MY', '--keychain=login'])(
  '%s is in the place of a certificate, and needs a system that has stores',
  async (arg) => {
    const { code, message, hints } = await rejectionOf(resolve([...arns, arg]));
    expect([code, message]).toEqual(['STORE_UNAVAILABLE', expect.stringContaining('and this is linux')]);
    expect(hints).toHaveLength(1);
  },
);

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
      proxy: { url: 'http://up:1', option: 'HTTPS_PROXY', except: undefined },
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

test('places of trusted certificates are taken from the environment', async () => {
  const env = { SSL_CERT_FILE: 'a.pem', SSL_CERT_DIR: 'b:c', NODE_EXTRA_CA_CERTS: 'd.pem' };
  expect((await resolve(complete, env)).network.roots).toEqual({ file: 'a.pem', folders: 'b:c', extra: 'd.pem' });
  expect((await resolve(complete, { SSL_CERT_FILE: '', SSL_CERT_DIR: '' })).network).not.toHaveProperty('roots');
});

describe('the proxy of the environment', () => {
  const proxyOf = async (args: readonly string[], env: Record<string, string>) =>
    (await resolve([...complete, ...args], env)).network.proxy;

  test.each([
    [{ HTTPS_PROXY: 'http://up:1' }, { url: 'http://up:1', option: 'HTTPS_PROXY' }],
    [
      { HTTPS_PROXY: '', https_proxy: 'low:1' },
      { url: 'low:1', option: 'https_proxy' },
    ],
    [
      { https_proxy: 'low:1', no_proxy: 'a', NO_PROXY: '' },
      { url: 'low:1', option: 'https_proxy', except: 'a' },
    ],
    [
      { https_proxy: 'low:1', no_proxy: 'a', NO_PROXY: 'b' },
      { url: 'low:1', option: 'https_proxy', except: 'b' },
    ],
    [
      { HTTPS_PROXY: 'up:1', ROLES_ANYWHERE_WITH_PROXY: 'true' },
      { url: 'up:1', option: 'HTTPS_PROXY' },
    ],
  ])('counts without being asked for: %j', async (env, proxy) => {
    expect(await proxyOf([], env)).toEqual(proxy);
    expect(await proxyOf(['--with-proxy'], env)).toEqual(proxy);
  });

  test.each([{}, { HTTP_PROXY: 'up:1', http_proxy: 'up:1', ALL_PROXY: 'up:1', all_proxy: 'up:1', NO_PROXY: 'a' }])(
    'is no other than that of https: %j',
    async (env) => {
      expect(await proxyOf([], env)).toBeUndefined();
    },
  );

  test('is said no to', async () => {
    expect(await proxyOf(['--with-proxy=false'], { HTTPS_PROXY: 'up:1' })).toBeUndefined();
    expect(await proxyOf([], { HTTPS_PROXY: 'up:1', ROLES_ANYWHERE_WITH_PROXY: '0' })).toBeUndefined();
  });
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

  test('an empty one is one', async () => {
    expect(await passwordOf(['--pkcs8-password', ''], { ROLES_ANYWHERE_PKCS8_PASSWORD: 'sesame' })).toEqual({
      option: '--pkcs8-password',
      kind: 'value',
      value: '',
    });
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

test.each([
  ['--trust-anchor-arn', 'arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<id>', '<region>, <account>, <id>'],
  ['--role-arn', 'arn:aws:iam::${ACCOUNT}:role/{name}', '${ACCOUNT}, {name}'],
  ['--region', '<region>', '<region>'],
])('a placeholder of %s is named', async (flag, value, names) => {
  const error = await rejectionOf(resolve([...complete, flag, value]));
  expect(error.hints[0]).toBe(`replace the placeholder${names.includes(',') ? 's' : ''} ${names} by your own`);
});

const badSessionName = (name: string): string =>
  `--role-session-name must be 2 to 64 letters, digits or characters of _+=,.@-, not "${name}"`;

describe('refused', () => {
  test.each<[string[], string, string]>([
    [['--role-session-name', 'x'], 'OPTION_INVALID', badSessionName('x')],
    [['--role-session-name', 'a b'], 'OPTION_INVALID', badSessionName('a b')],
    [['--role-session-name', 'x.'.repeat(33)], 'OPTION_INVALID', badSessionName('x.'.repeat(33))],
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
      ['--private-key', 'pkcs11:label=t?pin-value=sesame'],
      'OPTION_INVALID',
      '--private-key has a PKCS#11 URI with the unknown attribute label',
    ],
    [
      ['--certificate', 'handle:0x81000001'],
      'OPTION_INVALID',
      '--certificate names a handle of the TPM, which holds keys and no certificates',
    ],
    [
      ['--intermediates', 'pkcs11:token=t'],
      'OPTION_INVALID',
      '--intermediates is a PKCS#11 URI, and must be a file, env:NAME, fd:N or - for stdin',
    ],
  ])('%j', async (args, code, message) => {
    expect(await rejectionOf(resolve([...complete, ...args]))).toMatchObject({ code, message });
  });

  test('the region of another place than the trust anchor does not excuse a profile of another region', async () => {
    const args = [...complete, '--region', 'us-east-1', '--profile-arn', profileArn.replace('eu-west-1', 'us-east-1')];
    expect((await rejectionOf(resolve(args))).code).toBe('ARN_MISMATCH');
  });
});

describe('tokens and TPMs', () => {
  test('what is said of a token', async () => {
    const args = ['--certificate', 'pkcs11:token=t', '--pkcs11-lib', 'm.so', '--pkcs11-pin-fd', '3', '--reuse-pin'];
    expect((await resolve([...arns, ...args])).identity).toEqual({
      certificate: { option: '--certificate', kind: 'pkcs11', uri: 'pkcs11:token=t' },
      pkcs11: {
        module: { option: '--pkcs11-lib', text: 'm.so' },
        pin: { option: '--pkcs11-pin-fd', kind: 'fd', fd: 3 },
        reusePin: true,
      },
    });
  });

  test('the module and the TPM of all programs come last', async () => {
    const env = { PKCS11_MODULE_PATH: 'all.so', TPM2TOOLS_TCTI: 'swtpm', ROLES_ANYWHERE_PKCS11_PIN: 'sesame' };
    expect((await resolve(complete, env)).identity).toMatchObject({
      pkcs11: {
        defaultModule: { option: 'PKCS11_MODULE_PATH', text: 'all.so' },
        pin: { option: 'ROLES_ANYWHERE_PKCS11_PIN', kind: 'value', value: 'sesame' },
      },
      tpm: { device: { option: 'TPM2TOOLS_TCTI', text: 'swtpm' } },
    });
    expect((await resolve(complete, { ...env, TPM_DEVICE: '/dev/tpm0' })).identity).toMatchObject({
      tpm: { device: { option: 'TPM_DEVICE', text: '/dev/tpm0' } },
    });
    const own = ['--pkcs11-lib', 'own.so'];
    expect((await resolve([...complete, ...own], env)).identity).toMatchObject({
      pkcs11: { module: { option: '--pkcs11-lib', text: 'own.so' } },
    });
  });

  test('what is said of a TPM', async () => {
    const passwords = [
      '--tpm-key-password-file',
      'k',
      '--tpm-parent-password',
      'p',
      '--tpm-hierarchy-password-fd',
      '4',
    ];
    const args = ['--private-key', 'handle:0x81000001', '--tpm-device', '/dev/tpm0', ...passwords];
    expect((await resolve([...complete, ...args])).identity).toMatchObject({
      privateKey: { option: '--private-key', kind: 'tpm-handle', handle: 0x8100_0001 },
      tpm: {
        device: { option: '--tpm-device', text: '/dev/tpm0' },
        keyPassword: { option: '--tpm-key-password-file', kind: 'file', path: 'k' },
        parentPassword: { option: '--tpm-parent-password', kind: 'value', value: 'p' },
        hierarchyPassword: { option: '--tpm-hierarchy-password-fd', kind: 'fd', fd: 4 },
      },
    });
    expect((await resolve([...complete, '--no-tpm-key-password'])).identity).toMatchObject({
      tpm: { noKeyPassword: true },
    });
  });

  test('a switch given as false asks for nothing', async () => {
    const { identity } = await resolve([...complete, '--reuse-pin=false', '--no-tpm-key-password=false']);
    expect(Object.keys(identity)).toEqual(['certificate']);
  });
});

describe('a password needs a descriptor of its own', () => {
  test.each<[string[], string]>([
    [['--certificate', 'fd:3', '--tpm-parent-password-fd', '3'], '--certificate and --tpm-parent-password-fd'],
    [
      ['--certificate', 'x', '--tpm-key-password-fd', '3', '--tpm-parent-password-fd', '3'],
      '--tpm-parent-password-fd and --tpm-key-password-fd',
    ],
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
    'private-key': [undefined, 'fd:3', 'handle:0x81000001', 'pkcs11:token=t', 'pkcs11:x=1?pin-value=', 'fd:x'],
    intermediates: [undefined, 'chain.pem', 'handle:1'],
    'pkcs8-password-fd': [undefined, '0', '3'],
    'pkcs11-pin-fd': [undefined, '0', '3'],
    'assume-role': [undefined, 'arn:aws:iam::444455556666:role/x', 'arn:aws-cn:iam::444455556666:role/x', 'x'],
    'external-id': [undefined, 'id', 'i'],
  };

  /** The second one is right; were each as likely as the others, hardly any combination would be right as a whole. */
  const mostlyRight = (choices: readonly (string | undefined)[]) =>
    fc.oneof({ weight: 1, arbitrary: fc.constant(choices[1]) }, { weight: 1, arbitrary: fc.constantFrom(...choices) });

  test('whatever the combination', async () => {
    const values = fc.record(
      Object.fromEntries(Object.entries(texts).map(([flag, choices]) => [flag, mostlyRight(choices)])),
    );
    let resolved = 0;
    await fc.assert(
      fc.asyncProperty(values, async (chosen) => {
        const args = Object.entries(chosen).flatMap(([flag, text]) =>
          text === undefined ? [] : [`--${flag}=${text}`],
        );
        const given = await valuesOf('credential-process', { args });
        const isResolved = (await resolveCredentialRequest(given, {})) !== undefined;
        resolved += isResolved ? 1 : 0;
        // INTERNAL is what the explanation says when it finds nothing wrong.
        expect(thrownBy(() => throwRequestProblems(given)).code === 'INTERNAL').toBe(isResolved);
      }),
      { numRuns: 5000 },
    );
    expect(resolved).toBeGreaterThan(10);
  });
});
