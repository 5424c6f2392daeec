import { describe, expect, test } from 'vitest';
import { environmentName, type OptionRow, profileKeyName } from '../../../src/options/schema/option.ts';
import { exclusions as tableExclusions, optionTable } from '../../../src/options/schema/table.ts';
import { rejectionOf, thrownBy } from '../../support/thrown.ts';
import { rowsOf, valuesOf } from './values.ts';

const commands = ['credential-process', 'sign-string', 'read-certificate-data'] as const;

/** Two values that a row takes. */
function samples(row: OptionRow): readonly [string, string] {
  if (row.choices !== undefined) return [row.choices[0] ?? '', row.choices[1] ?? ''];
  if (row.kind === 'boolean') return ['true', 'false'];
  if (row.kind === 'integer') return [String(row.range?.[0] ?? 1), String(row.range?.[1] ?? 2)];
  return ['one', 'two'];
}

describe.each(commands)('sources of the options of %s', (command) => {
  const configurable = rowsOf(command).filter((row) => row.flagOnly !== true);

  test.each(configurable.map((row) => [row.flag, row] as const))('%s', async (flag, row) => {
    const [one, two] = samples(row);
    const args = [`--${flag}=${one}`];
    const env = { [environmentName(row)]: one };
    const other = { [environmentName(row)]: two };
    const profile = { [profileKeyName(row)]: one };

    const fromFlag = await valuesOf(command, { args, env: other });
    expect([fromFlag.text(flag), fromFlag.origin(flag), fromFlag.isGiven(flag)]).toEqual([one, `--${flag}`, true]);

    const fromEnv = await valuesOf(command, { env, profile: { [profileKeyName(row)]: two } });
    expect([fromEnv.text(flag), fromEnv.origin(flag)]).toEqual([one, environmentName(row)]);

    const fromProfile = await valuesOf(command, { env: { [environmentName(row)]: '' }, profile });
    expect([fromProfile.text(flag), fromProfile.origin(flag)]).toEqual([
      one,
      `${profileKeyName(row)} of profile on-prem`,
    ]);

    const nobody = await valuesOf(command, {
      env: { [environmentName(row)]: '' },
      profile: { [profileKeyName(row)]: '' },
    });
    const expected = row.mayBeEmpty ? ['', environmentName(row), true] : [row.fallback, `--${flag}`, false];
    expect([nobody.text(flag), nobody.origin(flag), nobody.isGiven(flag)]).toEqual(expected);
  });

  test.each(configurable.filter((row) => row.secret !== true || row.kind !== 'string').map((row) => row.flag))(
    '--%s= is an error',
    async (flag) => {
      const error = await rejectionOf(valuesOf(command, { args: [`--${flag}=`] }));
      expect(error).toMatchObject({ code: 'OPTION_INVALID', message: `--${flag} is empty` });
    },
  );
});

test('names of variables and keys follow from the flag', async () => {
  const row = optionTable.find(({ flag }) => flag === 'trust-anchor-arn');
  expect(row && [environmentName(row), profileKeyName(row)]).toEqual([
    'ROLES_ANYWHERE_TRUST_ANCHOR_ARN',
    'roles_anywhere_trust_anchor_arn',
  ]);
});

test.each([
  ['ca-bundle', 'AWS_CA_BUNDLE', 'ca_bundle', '/ca.pem'],
  ['use-fips-endpoint', 'AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint', 'true'],
  ['use-dualstack-endpoint', 'AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint', 'true'],
  ['max-attempts', 'AWS_MAX_ATTEMPTS', 'max_attempts', '7'],
])("%s also from AWS's own %s and %s, after ours", async (flag, variable, key, value) => {
  const ours = `ROLES_ANYWHERE_${flag.replaceAll('-', '_').toUpperCase()}`;
  const command = 'credential-process';
  expect((await valuesOf(command, { env: { [variable]: value } })).origin(flag)).toBe(variable);
  expect((await valuesOf(command, { env: { [variable]: value, [ours]: value } })).origin(flag)).toBe(ours);
  expect((await valuesOf(command, { env: { [variable]: '' }, profile: { [key]: value } })).origin(flag)).toBe(
    `${key} of profile on-prem`,
  );
  expect((await valuesOf(command, { env: { [variable]: value }, profile: { [key]: value } })).origin(flag)).toBe(
    variable,
  );
  const both = { [key]: value, [`roles_anywhere_${flag.replaceAll('-', '_')}`]: value };
  expect((await valuesOf(command, { profile: both })).origin(flag)).toBe(
    `roles_anywhere_${flag.replaceAll('-', '_')} of profile on-prem`,
  );
});

const endpoint = async (given: Parameters<typeof valuesOf>[1]) =>
  (await valuesOf('credential-process', given)).text('endpoint');

describe('the endpoint', () => {
  const args = ['--endpoint', 'https://flag.example'];
  const ours = { ROLES_ANYWHERE_ENDPOINT: 'https://ours.example' };
  const service = { AWS_ENDPOINT_URL_ROLESANYWHERE: 'https://service.example' };
  const all = { AWS_ENDPOINT_URL: 'https://all.example' };
  const ownKey = { roles_anywhere_endpoint: 'https://own-key.example' };
  const serviceKey = { 'services.rolesanywhere.endpoint_url': 'https://service-key.example' };
  const allKey = { endpoint_url: 'https://all-key.example' };
  const env = { ...ours, ...service, ...all };
  const profile = { ...ownKey, ...serviceKey, ...allKey };

  test('comes from the nearest source', async () => {
    expect(await endpoint({ args, env, profile })).toBe('https://flag.example');
    expect(await endpoint({ env, profile })).toBe('https://ours.example');
    expect(await endpoint({ env: { ...service, ...all }, profile })).toBe('https://service.example');
    expect(await endpoint({ env: all, profile })).toBe('https://own-key.example');
    expect(await endpoint({ env: all, profile: { ...serviceKey, ...allKey } })).toBe('https://service-key.example');
    expect(await endpoint({ env: all, profile: allKey })).toBe('https://all.example');
    expect(await endpoint({ profile: allKey })).toBe('https://all-key.example');
    expect(await endpoint({ profile: {} })).toBeUndefined();
  });

  test("AWS's own sources can be switched off, ours cannot", async () => {
    const off = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
    expect(await endpoint({ env: { ...env, ...off }, profile })).toBe('https://ours.example');
    expect(await endpoint({ env: { ...service, ...all, ...off }, profile })).toBe('https://own-key.example');
    expect(
      await endpoint({ env: { ...service, ...all, ...off }, profile: { ...serviceKey, ...allKey } }),
    ).toBeUndefined();
    expect(await endpoint({ profile: { ...allKey, ignore_configured_endpoint_urls: 'true' } })).toBeUndefined();
    expect(await endpoint({ env: { ...all, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false' } })).toBe(
      'https://all.example',
    );
  });
});

describe('forms', () => {
  test.each([
    ['--session-duration', '899', 'a whole number from 900 to 43200, not "899"'],
    ['--session-duration', '43201', 'a whole number from 900 to 43200, not "43201"'],
    ['--session-duration', '1h', 'a whole number from 900 to 43200, not "1h"'],
    ['--session-duration', '3600.0', 'a whole number from 900 to 43200, not "3600.0"'],
    ['--session-duration', '0x384', 'a whole number from 900 to 43200, not "0x384"'],
    ['--session-duration', ' 3600', 'a whole number from 900 to 43200, not " 3600"'],
    ['--max-attempts', '0', 'a whole number from 1 to 100, not "0"'],
    ['--connect-timeout', '-5', 'a whole number from 1 to 3600, not "-5"'],
    ['--request-timeout', '', 'empty'],
    ['--debug', 'yes', 'true or false, not "yes"'],
  ])('%s=%s', async (flag, text, demand) => {
    const error = await rejectionOf(valuesOf('credential-process', { args: [`${flag}=${text}`] }));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toBe(text === '' ? `${flag} is empty` : `${flag} must be ${demand}`);
  });

  test.each([
    ['--format', 'xml', 'one of json, text, bin, not "xml"'],
    ['--digest', 'SHA1', 'one of SHA256, SHA384, SHA512, not "SHA1"'],
  ])('%s=%s', async (flag, text, demand) => {
    const error = await rejectionOf(valuesOf('sign-string', { args: [`${flag}=${text}`] }));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: `${flag} must be ${demand}` });
  });

  test('a form that is wrong in the environment names the variable', async () => {
    const error = await rejectionOf(valuesOf('credential-process', { env: { AWS_MAX_ATTEMPTS: 'many' } }));
    expect(error.message).toBe('AWS_MAX_ATTEMPTS must be a whole number from 1 to 100, not "many"');
  });

  test.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('%s is true', async (text) => {
    expect((await valuesOf('credential-process', { args: [`--debug=${text}`] })).isOn('debug')).toBe(true);
  });

  test.each(['0', 'f', 'F', 'FALSE', 'false', 'False'])('%s is false', async (text) => {
    expect((await valuesOf('credential-process', { args: [`--debug=${text}`] })).isOn('debug')).toBe(false);
  });

  test('all that is wrong is told at once', async () => {
    const error = await rejectionOf(
      valuesOf('credential-process', { args: ['--max-attempts=0', '--debug=maybe', '--region='] }),
    );
    expect(error.message).toBe('--region is empty');
    expect(error.hints).toEqual([
      'also: --max-attempts must be a whole number from 1 to 100, not "0"',
      'also: --debug must be true or false, not "maybe"',
    ]);
  });

  test('a password in the place of a descriptor is not shown', async () => {
    const error = await rejectionOf(valuesOf('sign-string', { args: ['--pkcs8-password-fd', 'sesame'] }));
    expect(error.message).toBe('--pkcs8-password-fd must be a whole number from 0 to 2147483647');
  });

  test('the empty password is one', async () => {
    const values = await valuesOf('sign-string', { args: ['--pkcs8-password', ''] });
    expect([values.text('pkcs8-password'), values.isGiven('pkcs8-password')]).toEqual(['', true]);
  });

  const [variable, key] = ['ROLES_ANYWHERE_PKCS8_PASSWORD', 'roles_anywhere_pkcs8_password'];

  test('also of an empty variable', async () => {
    const values = await valuesOf('sign-string', { env: { [variable]: '' } });
    expect(values.isGiven('pkcs8-password')).toBe(true);
    expect([values.text('pkcs8-password'), values.origin('pkcs8-password')]).toEqual(['', variable]);
  });

  test.each([
    [{ env: { [variable]: '' }, profile: { [key]: 'sesame' } }, 'pkcs8-password'],
    [{ env: { [variable]: '', [`${variable}_FILE`]: '/run/password' } }, 'pkcs8-password-file'],
    [{ env: { [variable]: '' }, profile: { [`${key}_fd`]: '3' } }, 'pkcs8-password-fd'],
  ])('an empty variable gives way to whatever is given: %j', async (given, flag) => {
    const values = await valuesOf('sign-string', given);
    const flags = ['pkcs8-password', 'pkcs8-password-file', 'pkcs8-password-fd'];
    expect(flags.filter((one) => values.isGiven(one))).toEqual([flag]);
    expect(values.text(flag)).not.toBe('');
  });

  test('an empty variable is no PIN and no password of a TPM: what counts wrong ones is not asked with it', async () => {
    const flags = ['pkcs11-pin', 'tpm-key-password', 'tpm-parent-password', 'tpm-hierarchy-password'];
    const env = Object.fromEntries(flags.map((flag) => [environmentName({ flag }), '']));
    const values = await valuesOf('sign-string', { env });
    expect(flags.filter((one) => values.isGiven(one))).toEqual([]);
  });
});

describe('lists', () => {
  const row: OptionRow = { flag: 'tag', kind: 'list' };

  test('hold each flag, or the parts between commas', async () => {
    expect((await valuesOf('sandbox', { rows: [row], args: ['--tag=a,b', '--tag', 'c'] })).list('tag')).toEqual([
      'a,b',
      'c',
    ]);
    const env = { ROLES_ANYWHERE_TAG: 'a, b' };
    expect((await valuesOf('sandbox', { rows: [row], env })).list('tag')).toEqual(['a', 'b']);
    expect((await valuesOf('sandbox', { rows: [row] })).list('tag')).toEqual([]);
  });
});

/** Protocol reference 12.2, "Mutual exclusions", and ours for the password's other sources. */
const shared: readonly (readonly [string, string])[] = [
  ['certificate', 'cert-selector'],
  ['certificate', 'system-store-name'],
  ['private-key', 'cert-selector'],
  ['private-key', 'system-store-name'],
  ['certificate', 'keychain'],
  ['private-key', 'keychain'],
  ['private-key', 'use-latest-expiring-certificate'],
  ['private-key', 'signer'],
  ['signer', 'use-latest-expiring-certificate'],
  ['use-latest-expiring-certificate', 'reuse-pin'],
  ['cert-selector', 'reuse-pin'],
  ['cert-selector', 'tpm-key-password'],
  ['cert-selector', 'no-tpm-key-password'],
  ['system-store-name', 'reuse-pin'],
  ['tpm-key-password', 'reuse-pin'],
  ['tpm-key-password', 'no-tpm-key-password'],
  ['tpm-key-password-file', 'no-tpm-key-password'],
  ['tpm-key-password-fd', 'no-tpm-key-password'],
  ...sourcesOf('tpm-key-password').flatMap((one) => sourcesOf('pkcs8-password').map((other) => [one, other] as const)),
  ...['pkcs8-password', 'pkcs11-pin', 'tpm-key-password', 'tpm-parent-password', 'tpm-hierarchy-password'].flatMap(
    pairsOf,
  ),
];

function sourcesOf(flag: string): readonly string[] {
  return [flag, `${flag}-file`, `${flag}-fd`];
}

function pairsOf(flag: string): readonly (readonly [string, string])[] {
  return [
    [flag, `${flag}-file`],
    [flag, `${flag}-fd`],
    [`${flag}-file`, `${flag}-fd`],
  ];
}

const exclusions = {
  'credential-process': [
    ...shared,
    ['use-latest-expiring-certificate', 'intermediates'],
    ['cert-selector', 'intermediates'],
  ],
  'sign-string': [...shared, ['no-tpm-key-password', 'reuse-pin']],
  'read-certificate-data': [
    ['certificate', 'cert-selector'],
    ['certificate', 'system-store-name'],
    ['certificate', 'keychain'],
    ...pairsOf('pkcs8-password'),
    ...pairsOf('pkcs11-pin'),
  ],
} as const;

describe.each(commands)('exclusions of %s', (command) => {
  const pairs: readonly (readonly [string, string])[] = exclusions[command];
  const rows = rowsOf(command);
  const flagOf = (flag: string): string => {
    const row = rows.find((row) => row.flag === flag);
    if (row === undefined) throw new Error(`${command} has no --${flag}`);
    // The fallback where there is one: a flag counts as set when given, whatever its value.
    return `--${flag}=${row.kind === 'boolean' ? 'false' : (row.fallback ?? samples(row)[0])}`;
  };

  test.each(pairs)('--%s and --%s', async (one, other) => {
    const error = await rejectionOf(valuesOf(command, { args: [flagOf(one), flagOf(other)] }));
    expect(error.code).toBe('OPTION_CONFLICT');
    expect(error.message).toMatch(/^--\S+ and --\S+ exclude each other$/);
    expect(error.message).toContain(`--${one} `);
    expect(error.message).toContain(`--${other} `);
  });

  test('one of each pair is marked in the table, or nobody would look', () => {
    for (const [one, other] of tableExclusions) {
      const marked = optionTable.filter((row) => row.exclusive && (row.flag === one || row.flag === other));
      expect([one, other, marked.length > 0]).toEqual([one, other, true]);
    }
  });

  test('no other pair', async () => {
    const expected = new Set(pairs.map((pair) => [...pair].sort().join(' ')));
    const flags = rows.filter((row) => row.flagOnly !== true).map((row) => row.flag);
    for (const one of flags) {
      for (const other of flags.filter((flag) => flag > one)) {
        if (expected.has(`${one} ${other}`)) continue;
        await expect(valuesOf(command, { args: [flagOf(one), flagOf(other)] })).resolves.toBeDefined();
      }
    }
  });
});

describe('exclusions between sources', () => {
  test('side by side in the environment or in the profile they are an error as well', async () => {
    const env = { ROLES_ANYWHERE_CERTIFICATE: 'leaf.pem', ROLES_ANYWHERE_SYSTEM_STORE_NAME: 'MY' };
    expect((await rejectionOf(valuesOf('sign-string', { env }))).message).toBe(
      'ROLES_ANYWHERE_CERTIFICATE and ROLES_ANYWHERE_SYSTEM_STORE_NAME exclude each other',
    );
    const profile = { roles_anywhere_certificate: 'leaf.pem', roles_anywhere_system_store_name: 'MY' };
    expect((await rejectionOf(valuesOf('sign-string', { profile }))).code).toBe('OPTION_CONFLICT');
  });

  test('the nearer one overrules the other', async () => {
    const env = { ROLES_ANYWHERE_PKCS8_PASSWORD: 'from-env' };
    const values = await valuesOf('sign-string', { args: ['--pkcs8-password-file', 'secret.txt'], env });
    expect([values.text('pkcs8-password-file'), values.text('pkcs8-password')]).toEqual(['secret.txt', undefined]);
    const profile = { roles_anywhere_pkcs8_password_file: 'secret.txt' };
    const other = await valuesOf('sign-string', { env, profile });
    expect([other.text('pkcs8-password-file'), other.text('pkcs8-password')]).toEqual([undefined, 'from-env']);
  });
});

test('asking for an option that the command does not have is a defect', async () => {
  const values = await valuesOf('version', {});
  expect(thrownBy(() => values.text('region'))).toMatchObject({
    code: 'INTERNAL',
    message: 'the command has no option --region',
  });
});
