import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { inPropertyNames, withPropertyNames } from '../../../src/outputs/provider/provider-error.ts';
import { providerIn } from '../../../src/outputs/provider/from-roles-anywhere.ts';
import { providerOptions } from '../../../src/outputs/provider/flags-of.ts';
import { propertyOf } from '../../../src/options/schema/shared-options.ts';
import { environmentName } from '../../../src/options/schema/option.ts';
import { root } from '../../support/command.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { surroundings } from './surroundings.ts';

const arns = {
  trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555',
  profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000',
  roleArn: 'arn:aws:iam::111122223333:role/OnPrem',
};
const complete = { ...arns, certificate: '/etc/pki/leaf.pem', privateKey: '/etc/pki/leaf.key' };

const refused = (init: object) => rejectionOf(providerIn(surroundings(), init)());

describe('errors name options as the caller knows them', () => {
  test('everything that is missing', async () => {
    const error = await refused({});
    expect(error.message).toBe(
      'nothing is configured: trustAnchorArn, profileArn, roleArn and certificate are missing',
    );
    expect(error.hints[0]).toBe(
      'give trustAnchorArn, ROLES_ANYWHERE_TRUST_ANCHOR_ARN, or roles_anywhere_trust_anchor_arn in the profile given as profile',
    );
  });

  test.each([
    ['durationSeconds must be a whole number from 900 to 43200, not "60"', 'OPTION_INVALID', { durationSeconds: 60 }],
    ['durationSeconds must be a number', 'OPTION_INVALID', { durationSeconds: '900' }],
    ['durationSeconds must be a whole number', 'OPTION_INVALID', { durationSeconds: Number.NaN }],
    ['withProxy must be true or false', 'OPTION_INVALID', { withProxy: 'yes' }],
    ['region must be a string', 'OPTION_INVALID', { region: 5 }],
    ['region is empty', 'OPTION_INVALID', { region: '' }],
    ['roleArn is no ARN of a role: "x"', 'ARN_INVALID', { roleArn: 'x' }],
    ['certificate: /no/such/file ', 'CERTIFICATE_UNREADABLE', { certificate: '/no/such/file' }],
    ['certificate is a value of type number, which cannot be read', 'OPTION_INVALID', { certificate: 5 }],
    ['privateKey is null, which cannot be read', 'OPTION_INVALID', { privateKey: null }],
    ['privateKey is empty', 'OPTION_INVALID', { privateKey: '' }],
    ['pkcs8Password must be a string', 'OPTION_INVALID', { pkcs8Password: 5 }],
    ['pkcs8Password and pkcs8PasswordFile exclude', 'OPTION_CONFLICT', { pkcs8Password: 'a', pkcs8PasswordFile: 'b' }],
    ['identity and certificate exclude each other', 'OPTION_CONFLICT', { identity: {} }],
    ['roleChain must be a list of roles', 'OPTION_INVALID', { roleChain: 'x' }],
    ['roleChain[1] has no roleArn', 'OPTION_INVALID', { roleChain: [{ roleArn: arns.roleArn }, {}] }],
    ['profile needs /no/such/config', 'CONFIG_PROFILE', { profile: 'x', configFilepath: '/no/such/config' }],
    ['fallback[0]: certificate is missing', 'OPTION_MISSING', { fallback: [arns] }],
    ['fallback[1]: region must be a region', 'OPTION_INVALID', { fallback: [complete, { ...complete, region: 'x' }] }],
  ])('%s', async (message, code, init) => {
    const error = await refused({ ...complete, ...init });
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(`${error.message} ${error.hints.join(' ')}`).not.toMatch(/--[a-z]/);
  });

  test('a variable of the environment keeps its name', async () => {
    const provider = providerIn(surroundings({ ROLES_ANYWHERE_REGION: 'nowhere!' }), complete);
    expect((await rejectionOf(provider())).message).toContain('ROLES_ANYWHERE_REGION must be a region');
  });

  test('code, cause, hints and request id come along', () => {
    const cause = new Error('why');
    const error = new RolesAnywhereError('REFUSED_ROLE', 'see --role-arn', {
      cause,
      requestId: 'r',
      hints: ['--region'],
    });
    expect(inPropertyNames(error)).toMatchObject({
      code: 'REFUSED_ROLE',
      message: 'see roleArn',
      cause,
      requestId: 'r',
      hints: ['region'],
      stack: expect.stringContaining('provider-error.test.ts') as string,
    });
  });

  test('an error without flags, and one that is not ours, stay what they are', () => {
    const [ours, theirs] = [new RolesAnywhereError('REFUSED_ROLE', 'no'), new TypeError('--role-arn')];
    expect(inPropertyNames(ours)).toBe(ours);
    expect(inPropertyNames(theirs)).toBe(theirs);
  });

  test.each([
    ['a file /x--region and --no-such-flag', 'a file /x--region and --no-such-flag'],
    ['--pkcs8-password-file, not --pkcs8-password', 'pkcs8PasswordFile, not pkcs8Password'],
    ['--session-duration of --from-profile', 'durationSeconds of profile'],
  ])('%s', (text, words) => {
    expect(withPropertyNames(text)).toBe(words);
  });
});

test('the init has every option of credential-process, and no other', () => {
  const source = readFileSync(join(root, 'src', 'outputs', 'provider', 'init.ts'), 'utf8');
  const [, body = ''] = /export interface RolesAnywhereTarget \{([\s\S]*?)\n\}/.exec(source) ?? [];
  const properties = [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name);
  const options = providerOptions.options.map((row) => propertyOf(row.flag));

  // Descriptors are for processes that are started with one; roleChain says what --external-id says, and the library has a Signer.
  const ofProcesses = ['certSelector', 'systemStoreName', 'keychain', 'signer'];
  const notInInit = new Set([...ofProcesses, 'externalId', 'failoverOnRefusal', 'userAgentAppId']);
  const notInTable = new Set(['identity', 'clientConfig', 'configFilepath', 'filepath']);
  const offered = options.filter((name) => !name.endsWith('Fd') && !notInInit.has(name));
  expect(new Set(properties.filter((name = '') => !notInTable.has(name)))).toEqual(new Set(offered));
});

describe('hover texts', () => {
  const source = readFileSync(join(root, 'src', 'outputs', 'provider', 'init.ts'), 'utf8');
  const [, way = '', whole = ''] =
    /export interface RolesAnywhereTarget \{([\s\S]*?)\n\}[\s\S]*export interface FromRolesAnywhereInit[^{]*\{([\s\S]*?)\n\}/.exec(
      source,
    ) ?? [];
  const texts = new Map(
    [...`${way}${whole}`.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?\n? {2}readonly (\w+)\?:/g)].map(
      ([, text = '', name = '']) => [name, text.replaceAll(/\s+(?:\* )?/g, ' ')],
    ),
  );
  const inTable = providerOptions.options.filter((row) => texts.has(propertyOf(row.flag)) && !row.flagOnly);

  test('every option has one', () => {
    expect(texts.size).toBeGreaterThan(40);
    expect([...texts].filter(([, text]) => text.length < 20).map(([name]) => name)).toEqual([]);
  });

  test.each(inTable.map((row) => [propertyOf(row.flag), row] as const))(
    '%s: flag, variables, range and default are those of the table',
    (name, row) => {
      const text = texts.get(name) ?? '';
      const variables = [environmentName(row), ...(row.environment ?? []), ...(row.general?.environment ?? [])];
      const facts = [
        ...[...(row.flag === 'user-agent-app-id' ? [] : [`--${row.flag}`]), ...variables].map((word) => `\`${word}\``),
        ...(row.range === undefined ? [] : [`${row.range[0]} to ${row.range[1]}`]),
        ...(row.fallback === undefined ? [] : [`${row.fallback} by default`]),
        ...(row.kind === 'boolean' && row.fallback === undefined ? ['false by default'] : []),
      ];
      expect(facts.filter((fact) => !text.includes(fact))).toEqual([]);
    },
  );

  test('every option says where it comes from, and what holds when it is not given', () => {
    // A file stands for the password beside it.
    const own = [...texts].filter(([name]) => !name.endsWith('File'));
    const silent = own.filter(
      ([, text]) => !/by default|By default|Required|Without one|In place|come before|Where neither/.test(text),
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});
