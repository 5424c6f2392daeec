import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAwsConfig } from '../../../src/options/profile/aws-config.ts';
import { followProfile } from '../../../src/options/profile/follow-profile.ts';
import { readProfiles } from '../../../src/options/profile/from-profile.ts';
import type { ProfileKeys } from '../../../src/options/parse/option-values.ts';
import type { CommandName } from '../../../src/options/schema/option.ts';
import { readImpliedProfile } from '../../../src/options/profile/implied-profile.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { rowsOf } from '../parse/values.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-config-'));
  path = join(folder, 'config');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Both files, and nothing of the home folder. */
const files = () => ({ AWS_CONFIG_FILE: path, AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials') });

function readAll(
  names: readonly string[],
  env: Record<string, string>,
  name: CommandName = 'credential-process',
): Promise<readonly ProfileKeys[]> {
  return readProfiles(names, env, { name, options: rowsOf(name) });
}

/** The profile of that name, where the configuration file has that text. */
async function read(name: string, config: string, env: Record<string, string> = files()): Promise<ProfileKeys> {
  writeFileSync(path, config);
  const [profile, ...others] = await readAll([name], env);
  if (profile === undefined || others.length > 0) throw new Error('not one profile');
  return profile;
}

async function readWithCredentials(name: string, config: string, credentials: string): Promise<ProfileKeys> {
  writeFileSync(join(folder, 'credentials'), credentials);
  try {
    return await read(name, config);
  } finally {
    rmSync(join(folder, 'credentials'));
  }
}

const onPrem = `
[profile on-prem]
credential_process = roles-anywhere credential-process --from-profile on-prem
roles_anywhere_certificate = /etc/pki/leaf.pem
region = eu-west-1
`;

const roleArn = 'arn:aws:iam::444455556666:role/Workload';
const otherArn = 'arn:aws:iam::444455556666:role/Other';
const workload = `[profile workload]\nrole_arn = ${roleArn}\nsource_profile = on-prem\n`;

test('gives the keys of the profile', async () => {
  const { name, keys, chain } = await read('on-prem', onPrem);
  expect([name, chain]).toEqual(['on-prem', []]);
  expect(keys.get('roles_anywhere_certificate')).toBe('/etc/pki/leaf.pem');
});

test('the usual profile comes to the same when it is followed', async () => {
  const config = `${onPrem}services = s\nca_bundle = ca.pem\n[services s]\nsts =\n  endpoint_url = https://sts.example\n`;
  const { keys } = await read('on-prem', config);
  const { entries, chain } = followProfile('on-prem', { ...parseAwsConfig(config), places: path });
  expect([...keys]).toEqual([...entries].map(([key, { text }]) => [key, text]));
  expect(chain).toEqual([]);
});

test('a profile without Roles Anywhere keys is no mistake: flags may give the rest', async () => {
  expect((await read('plain', '[profile plain]\nca_bundle = /ca.pem')).keys.get('ca_bundle')).toBe('/ca.pem');
  const foreign = '[profile plain]\ncredential_process = vault read\nca_bundle = /ca.pem\nsso_session = x';
  expect((await read('plain', foreign)).keys.get('ca_bundle')).toBe('/ca.pem');
});

test('with the keys of its services section', async () => {
  const config = `${onPrem}services = local\n[services local]\nrolesanywhere =\n  endpoint_url = http://127.0.0.1:1\n`;
  expect((await read('on-prem', config)).keys.get('services.rolesanywhere.endpoint_url')).toBe('http://127.0.0.1:1');
});

describe('where the file is', async () => {
  test('AWS_CONFIG_FILE, ~/ at its beginning being the home folder', async () => {
    expect((await read('on-prem', onPrem, { AWS_CONFIG_FILE: '~/config', HOME: folder })).name).toBe('on-prem');
  });

  test.each(['HOME', 'USERPROFILE'])('else .aws/config below %s', async (variable) => {
    const home = mkdtempSync(join(folder, 'home-'));
    mkdirSync(join(home, '.aws'));
    writeFileSync(join(home, '.aws', 'config'), onPrem);
    expect((await readAll(['on-prem'], { [variable]: home, AWS_CONFIG_FILE: '' }))[0]?.name).toBe('on-prem');
  });

  test('credentials are in .aws/credentials below it', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    mkdirSync(join(home, '.aws'));
    writeFileSync(join(home, '.aws', 'config'), onPrem);
    writeFileSync(join(home, '.aws', 'credentials'), workload.replace('profile ', ''));
    expect((await readAll(['workload'], { HOME: home }))[0]?.chain).toMatchObject([{ roleArn }]);
  });
});

describe('refused', async () => {
  test('no file', async () => {
    const error = await rejectionOf(readAll(['on-prem'], { AWS_CONFIG_FILE: join(folder, 'none') }));
    expect(error).toMatchObject({
      code: 'CONFIG_PROFILE',
      message: `--from-profile needs ${join(folder, 'none')}, which does not exist`,
    });
  });

  test('a folder in its place', async () => {
    const error = await rejectionOf(readAll(['on-prem'], { AWS_CONFIG_FILE: folder }));
    expect(error).toMatchObject({ code: 'FILE_FAILED', message: `cannot read ${folder}: EISDIR` });
  });

  test('a file that cannot be read', async () => {
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    const error = await rejectionOf(readAll(['on-prem'], { AWS_CONFIG_FILE: loop }));
    expect(error).toMatchObject({ code: 'FILE_FAILED', message: `cannot read ${loop}: ELOOP` });
  });

  test('no such profile, with those there are', async () => {
    const error = await rejectionOf(read('onprem', `${onPrem}[profile other]\na = 1`));
    expect(error).toMatchObject({ code: 'CONFIG_PROFILE', message: `--from-profile: no profile onprem in ${path}` });
    expect(error.hints).toEqual(['did you mean on-prem?', 'there are on-prem, other']);
  });

  test('no profile at all', async () => {
    expect((await rejectionOf(read('on-prem', ''))).hints).toEqual(['there are no profiles']);
  });

  test('a key that is no option, on the way too', async () => {
    const error = await rejectionOf(read('on-prem', `${onPrem}roles_anywhere_privat_key = x`));
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'roles_anywhere_privat_key is no option of roles-anywhere',
    });
    expect(error.hints).toEqual(['did you mean roles_anywhere_private_key?']);
    const onTheWay = `${onPrem}${workload}roles_anywhere_cash = true`;
    expect((await rejectionOf(read('workload', onTheWay))).hints).toEqual(['did you mean roles_anywhere_cache?']);
  });

  test('a services section that is not there', async () => {
    expect(await rejectionOf(read('on-prem', `${onPrem}services = local`))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `services = local: no section [services local] in ${path}`,
    });
  });
});

describe('several profiles', async () => {
  const two = `${onPrem}[profile standby]\nroles_anywhere_certificate = other.pem\n`;

  test.each([[['on-prem,standby']], [['on-prem', 'standby']], [[' on-prem , standby ']]])('%j', async (texts) => {
    writeFileSync(path, two);
    expect((await readAll(texts, files())).map(({ name }) => name)).toEqual(['on-prem', 'standby']);
  });

  test.each([
    ['on-prem,', '--from-profile has an empty name'],
    ['on-prem,standby,on-prem', '--from-profile names on-prem twice'],
  ])('%s is refused', async (text, message) => {
    writeFileSync(path, two);
    expect(await rejectionOf(readAll([text], files()))).toMatchObject({ code: 'OPTION_INVALID', message });
  });

  test('not for a command that only uses the key', async () => {
    writeFileSync(path, two);
    expect(await rejectionOf(readAll(['on-prem,standby'], files(), 'sign-string'))).toMatchObject({
      code: 'OPTION_INVALID',
      message: 'sign-string takes one profile, not on-prem, standby',
    });
  });
});

describe('role_arn and source_profile', async () => {
  test('are a role to assume with what the source gives', async () => {
    const { name, keys, chain } = await read('workload', onPrem + workload);
    expect(name).toBe('workload');
    expect(chain).toEqual([{ option: 'role_arn of profile workload', roleArn }]);
    expect(keys.get('roles_anywhere_certificate')).toBe('/etc/pki/leaf.pem');
  });

  test('with everything that a profile says of its role', async () => {
    const all =
      'external_id = id:1\nrole_session_name = ci\nduration_seconds = 900\nregion = us-east-1\noutput = json\n';
    expect((await read('workload', onPrem + workload + all)).chain).toEqual([
      {
        option: 'role_arn of profile workload',
        roleArn,
        externalId: 'id:1',
        roleSessionName: 'ci',
        durationSeconds: 900,
        region: 'us-east-1',
      },
    ]);
  });

  test('over any number of steps, the one nearest to the source first', async () => {
    const far = `[profile far]\nrole_arn = ${otherArn}\nsource_profile = workload\n`;
    expect((await read('far', onPrem + workload + far)).chain.map(({ roleArn }) => roleArn)).toEqual([
      roleArn,
      otherArn,
    ]);
  });

  test('the default profile is one like any other', async () => {
    const config = `${onPrem}[default]\nrole_arn = ${roleArn}\nsource_profile = on-prem\n`;
    expect((await read('default', config)).chain).toMatchObject([{ option: 'role_arn of profile default', roleArn }]);
  });

  test('a duration that is no number', async () => {
    expect(await rejectionOf(read('workload', `${onPrem}${workload}duration_seconds = 1h`))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'duration_seconds of profile workload must be a whole number, not "1h"',
    });
  });

  test.each([
    ['workload', 'workload', 'source_profile of profile workload goes in a circle: workload -> workload'],
    ['workload', 'back', 'source_profile of profile back goes in a circle: workload -> back -> workload'],
  ])('in a circle from %s by %s', async (name, source, message) => {
    const config = `[profile workload]\nrole_arn = x\nsource_profile = ${source}\n[profile back]\nrole_arn = y\nsource_profile = workload\n`;
    expect(await rejectionOf(read(name, config))).toMatchObject({ code: 'CONFIG_INVALID', message });
  });

  const stairs = (count: number): string =>
    [...Array(count).keys()]
      .map((at) => `[profile p${at}]\nrole_arn = ${roleArn}\nsource_profile = p${at + 1}\n`)
      .join('') + `[profile p${count}]\nroles_anywhere_certificate = /a.pem\n`;

  test('through ever more profiles, up to a bound', async () => {
    expect((await read('p0', stairs(99))).chain).toHaveLength(99);
    expect(await rejectionOf(read('p0', stairs(5000)))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'profile p0 leads through more than 100 profiles',
    });
  });

  test('through ever more profiles, from a profile that nobody named', async () => {
    writeFileSync(path, stairs(5000));
    expect(await rejectionOf(readImpliedProfile('p0', 'AWS_PROFILE', files()))).toMatchObject({
      message: 'profile p0 leads through more than 100 profiles',
    });
    writeFileSync(path, stairs(5000).replace('roles_anywhere_certificate', 'region'));
    expect(await readImpliedProfile('p0', 'AWS_PROFILE', files())).toBeUndefined();
  });

  test('to one of thousands that is not there', async () => {
    const many = [...Array(2000).keys()].map((at) => `[profile p${at}]\na = 1\n`).join('');
    const { hints } = await rejectionOf(read('nobody-of-these', many));
    expect(hints.at(-1)).toMatch(/^there are p0, .*, p49 and 1950 more$/);
  });

  test('to nowhere', async () => {
    expect(await rejectionOf(read('workload', workload))).toMatchObject({
      code: 'CONFIG_PROFILE',
      message: `source_profile of profile workload: no profile on-prem in ${path}`,
    });
  });

  const leads = 'source_profile of profile workload leads to profile on-prem, ';
  test.each([
    [
      'region = x',
      'which has neither roles_anywhere_ keys nor a credential_process of roles-anywhere or aws_signing_helper',
    ],
    ['credential_process = vault x', 'whose credential_process runs neither roles-anywhere nor aws_signing_helper'],
    ['aws_access_key_id = AKIDEXAMPLE', 'which has aws_access_key_id'],
    ['credential_source = Environment', 'which has credential_source'],
    ['web_identity_token_file = t', 'which has web_identity_token_file'],
    ['sso_session = s', 'which has sso_session'],
    ['sso_start_url = s', 'which has sso_start_url'],
    ['login_session = s', 'which has login_session'],
  ])('to a profile with %s', async (line, what) => {
    const error = await rejectionOf(read('workload', `${workload}[profile on-prem]\n${line}`));
    expect(error).toMatchObject({ code: 'CONFIG_PROFILE', message: leads + what });
    expect(error.hints).toHaveLength(1);
  });

  test.each([
    ['mfa_serial = arn:aws:iam::111122223333:mfa/x', 'profile workload has mfa_serial'],
    ['credential_source = Environment', 'profile workload has both source_profile and credential_source'],
    ['web_identity_token_file = t', 'profile workload has role_arn and also web_identity_token_file'],
    ['sso_session = s', 'profile workload has role_arn and also sso_session'],
    [
      'roles_anywhere_certificate = x',
      'profile workload has roles_anywhere_ keys and also role_arn with source_profile',
    ],
  ])('beside %s', async (line, message) => {
    const error = await rejectionOf(read('workload', onPrem + workload + line));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message });
    expect(error.hints).toHaveLength(1);
  });

  test.each([
    ['roles_anywhere_certificate = x', 'profile p has roles_anywhere_ keys and also role_arn'],
    ['region = x', 'profile p has role_arn and no source_profile'],
    ['credential_source = Environment', 'profile p has role_arn and also credential_source'],
  ])('role_arn alone with %s', async (line, message) => {
    const error = await rejectionOf(read('p', `[profile p]\nrole_arn = ${roleArn}\n${line}`));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message });
  });

  test('static keys go before role_arn in a source, and after it in the profile asked for', async () => {
    const keys = 'aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n';
    expect((await read('workload', onPrem + workload + keys)).chain).toHaveLength(1);
    const far = `[profile far]\nrole_arn = ${otherArn}\nsource_profile = workload\n`;
    const error = await rejectionOf(read('far', onPrem + far + workload + keys));
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'profile workload has role_arn and also aws_access_key_id',
    });
    expect(error.hints.join()).not.toContain('secret\n');
  });

  test.each(['on-prem', 'workload'])(
    'what the credentials file has beside roles_anywhere_ keys does not count, from %s',
    async (name) => {
      const credentials = `[on-prem]\nrole_arn = ${otherArn}\nroles_anywhere_certificate = x\nservices = none\n`;
      const { keys } = await readWithCredentials(name, onPrem + workload, credentials);
      expect(keys.get('roles_anywhere_certificate')).toBe('/etc/pki/leaf.pem');
    },
  );

  test('static keys beside roles_anywhere_ keys do not count: `update` may have written them', async () => {
    const credentials = '[on-prem]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n';
    const profile = await readWithCredentials('workload', onPrem + workload, credentials);
    expect(profile.keys.get('roles_anywhere_certificate')).toBe('/etc/pki/leaf.pem');
  });
});

describe('the credentials file', async () => {
  test('may hold profiles with role_arn, and its keys go before those of the configuration file', async () => {
    const credentials = `[workload]\nrole_arn = ${otherArn}\nexternal_id = id\n`;
    expect((await readWithCredentials('workload', onPrem + workload, credentials)).chain).toEqual([
      { option: 'role_arn of profile workload', roleArn: otherArn, externalId: 'id' },
    ]);
  });

  test('is named where a profile is in neither file', async () => {
    const error = await rejectionOf(readWithCredentials('none', onPrem, '[workload]\nregion = x\n'));
    expect(error.message).toBe(`--from-profile: no profile none in ${path} or ${join(folder, 'credentials')}`);
    expect(error.hints).toEqual(['there are on-prem, workload']);
  });

  test('that cannot be read counts as none, as in the SDKs', async () => {
    expect((await read('on-prem', onPrem, { ...files(), AWS_SHARED_CREDENTIALS_FILE: folder })).name).toBe('on-prem');
    expect((await readWithCredentials('on-prem', onPrem, '[__proto__]\na = b\n')).name).toBe('on-prem');
  });
});

describe('what a profile with role_arn takes from its source', async () => {
  const settings = `services = far\nca_bundle = far.pem\nroles_anywhere_cache = true\n[services far]\nsts =\n  endpoint_url = https://far.example\nrolesanywhere =\n  endpoint_url = https://wrong.example\n`;

  test('everything that it does not say itself', async () => {
    const config = `${onPrem}ca_bundle = near.pem\nservices = near\nendpoint_url = https://all.example\n[services near]\nsts =\n  endpoint_url = https://near.example\n${workload}`;
    expect(Object.fromEntries((await read('workload', config)).keys)).toMatchObject({
      ca_bundle: 'near.pem',
      'services.sts.endpoint_url': 'https://near.example',
      endpoint_url: 'https://all.example',
    });
    const own = await read('workload', config + settings);
    expect(Object.fromEntries(own.keys)).toMatchObject({
      ca_bundle: 'far.pem',
      'services.sts.endpoint_url': 'https://far.example',
      endpoint_url: 'https://all.example',
      roles_anywhere_cache: 'true',
    });
    expect(own.keys.has('services.rolesanywhere.endpoint_url')).toBe(false);
    expect(own.places?.get('ca_bundle')).toBe('ca_bundle of profile workload');
    expect(own.places?.get('roles_anywhere_certificate')).toBe('roles_anywhere_certificate of profile on-prem');
  });

  test('options that only other commands have', async () => {
    const { keys } = await read(
      'workload',
      `${onPrem}roles_anywhere_port = 1\n${workload}roles_anywhere_log_level = debug\n`,
    );
    expect([keys.get('roles_anywhere_port'), keys.get('roles_anywhere_log_level')]).toEqual(['1', 'debug']);
  });

  test('its endpoint_url is that of STS alone', async () => {
    const { keys, places } = await read('workload', `${onPrem}${workload}endpoint_url = https://sts.example`);
    expect(keys.get('services.sts.endpoint_url')).toBe('https://sts.example');
    expect(places?.get('services.sts.endpoint_url')).toBe('endpoint_url of profile workload');
    expect(keys.has('endpoint_url')).toBe(false);
  });

  test('the roles that the source says it assumes come before its own', async () => {
    const third = 'arn:aws:iam::444455556666:role/a,b';
    const config = `${onPrem}roles_anywhere_assume_role = ${third}, ${otherArn}\nroles_anywhere_external_id = id\n`;
    const { chain, keys } = await read('workload', config + workload);
    const option = 'roles_anywhere_assume_role of profile on-prem';
    expect(chain).toEqual([
      { option, roleArn: third },
      { option, roleArn: otherArn, externalId: 'id' },
      { option: 'role_arn of profile workload', roleArn },
    ]);
    expect([...keys.keys()].filter((key) => /assume|external/.test(key))).toEqual([]);
    expect(await read('on-prem', config)).toMatchObject({ chain: [] });
  });
});

describe('a credential_process line', async () => {
  const line = (command: string) => `[profile on-prem]\ncredential_process = ${command}\n`;
  const flags = 'credential-process --certificate /a.pem --role-arn x';

  test.each([
    `roles-anywhere ${flags}`,
    `aws_signing_helper ${flags}`,
    `./aws_signing_helper ${flags}`,
    `/usr/local/bin/roles-anywhere ${flags}`,
    `"/opt/my tools/aws_signing_helper" ${flags}`,
    `'/opt/my tools/roles-anywhere' ${flags}`,
    `/opt/my\\ tools/roles-anywhere ${flags}`,
    `"C:\\Program Files\\aws_signing_helper.exe" ${flags}`,
    `"C:/tools/roles-anywhere.cmd" ${flags}`,
    `node /opt/roles-anywhere/bin/roles-anywhere.cjs ${flags}`,
    `"/usr/bin/node" --no-warnings roles-anywhere.js ${flags}`,
    `npx --yes roles-anywhere ${flags}`,
  ])('%s', async (command) => {
    const { keys, places } = await read('workload', workload + line(command));
    expect(keys.get('roles_anywhere_certificate')).toBe('/a.pem');
    expect(places?.get('roles_anywhere_certificate')).toBe('--certificate in credential_process of profile on-prem');
  });

  test.each([
    `vault ${flags}`,
    `sudo -u x roles-anywhere ${flags}`,
    `my-roles-anywhere ${flags}`,
    'roles-anywhere serve --certificate x',
    'aws_signing_helper --certificate x credential-process',
    'roles-anywhere credential-process "',
  ])('%s is that of another program', async (command) => {
    expect((await rejectionOf(read('workload', workload + line(command)))).message).toContain(
      'whose credential_process runs neither roles-anywhere nor aws_signing_helper',
    );
  });

  test('of the profile asked for is read too', async () => {
    expect((await read('on-prem', line(`aws_signing_helper ${flags}`))).keys.get('roles_anywhere_role_arn')).toBe('x');
  });

  test('every flag as the key that says the same', async () => {
    const all = `roles-anywhere credential-process --with-proxy --reuse-pin=false --session-duration=900 --pkcs8-password "" --assume-role ${roleArn} --assume-role ${otherArn} --external-id id`;
    const { keys } = await read('on-prem', line(all));
    expect(Object.fromEntries([...keys].filter(([key]) => key.startsWith('roles_')))).toEqual({
      roles_anywhere_with_proxy: 'true',
      roles_anywhere_reuse_pin: 'false',
      roles_anywhere_session_duration: '900',
      roles_anywhere_pkcs8_password: '',
      roles_anywhere_assume_role: `${roleArn},${otherArn}`,
      roles_anywhere_external_id: 'id',
    });
  });

  test('does not count beside keys of ours', async () => {
    const config = `${line(`roles-anywhere ${flags} --debug`)}roles_anywhere_certificate = /key.pem\n`;
    const { keys } = await read('workload', workload + config);
    expect([keys.get('roles_anywhere_certificate'), keys.has('roles_anywhere_debug')]).toEqual(['/key.pem', false]);
  });

  test('that names its own profile has flags before the keys there', async () => {
    const own = line('roles-anywhere credential-process --from-profile on-prem --certificate b.pem');
    const config = `${own}roles_anywhere_certificate = /key.pem\nroles_anywhere_private_key = leaf.key\n`;
    for (const name of ['on-prem', 'workload']) {
      const { keys } = await read(name, workload + config);
      expect([keys.get('roles_anywhere_certificate'), keys.get('roles_anywhere_private_key')]).toEqual([
        'b.pem',
        'leaf.key',
      ]);
    }
  });

  test('counts beside keys that do not say what credentials to get', async () => {
    const config = `${line(`aws_signing_helper ${flags}`)}roles_anywhere_cache = true\n`;
    const { keys } = await read('workload', workload + config);
    expect([keys.get('roles_anywhere_certificate'), keys.get('roles_anywhere_cache')]).toEqual(['/a.pem', 'true']);
  });

  test('is followed to the profile that it names, its flags before the keys there', async () => {
    const app =
      '[profile app]\ncredential_process = roles-anywhere credential-process --from-profile workload --cache --certificate b.pem\n';
    const { keys, chain } = await read('app', app + workload + onPrem);
    expect(chain).toMatchObject([{ roleArn }]);
    expect([keys.get('roles_anywhere_cache'), keys.get('roles_anywhere_certificate')]).toEqual(['true', 'b.pem']);
    const top = `[profile top]\nrole_arn = ${otherArn}\nsource_profile = app\n`;
    expect((await read('top', top + app + workload + onPrem)).chain.map(({ roleArn }) => roleArn)).toEqual([
      roleArn,
      otherArn,
    ]);
  });

  test('that names its own profile means the keys there, were they none', async () => {
    const own = 'roles-anywhere credential-process --from-profile on-prem --region us-east-1';
    const { keys } = await read('workload', `${workload}${line(own)}ca_bundle = /ca.pem\n`);
    expect([keys.get('roles_anywhere_region'), keys.get('ca_bundle')]).toEqual(['us-east-1', '/ca.pem']);
  });

  test('in a circle', async () => {
    const back = line('roles-anywhere credential-process --from-profile workload');
    expect(await rejectionOf(read('workload', workload + back))).toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        '--from-profile in credential_process of profile on-prem goes in a circle: workload -> on-prem -> workload',
    });
  });

  test('that cannot be read as a command line', async () => {
    const error = await rejectionOf(read('on-prem', line('roles-anywhere credential-process --certificat x')));
    expect(error).toMatchObject({
      code: 'OPTION_UNKNOWN',
      message: 'credential_process of profile on-prem: unknown option --certificat',
    });
    expect(error.hints).toEqual(['did you mean --certificate?']);
  });

  test('broken over several lines is read whole, with a warning', async () => {
    const broken = line('./aws_signing_helper credential-process \\\n  --certificate /a.pem \\\n  --role-arn x');
    const { keys, warnings } = await read('workload', workload + broken);
    expect([keys.get('roles_anywhere_certificate'), keys.get('roles_anywhere_role_arn')]).toEqual(['/a.pem', 'x']);
    expect(warnings).toEqual([
      'credential_process of profile on-prem is broken over several lines, which no SDK reads: write it on one line for them',
    ]);
  });

  test('on one line is nothing to warn of', async () => {
    expect((await read('workload', workload + line('roles-anywhere credential-process'))).warnings).toEqual([]);
  });

  test('that names several profiles', async () => {
    expect(
      await rejectionOf(read('on-prem', line('roles-anywhere credential-process --from-profile a,b'))),
    ).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'credential_process of profile on-prem names several profiles: a, b',
    });
  });
});

describe('what stands in the file and does not count is named', () => {
  test.each<[string, string, string]>([
    ['without `profile `', '[on-prem]\na = 1\n', '[on-prem] does not count: write [profile on-prem]'],
    ['with blanks', '[ profile on-prem ]\na = 1\n', '[ profile on-prem ] does not count: write [profile on-prem]'],
    ['without keys', '[profile on-prem]\n', '[profile on-prem] has no keys'],
    ['in another case', '[profile On-Prem]\na = 1\n', 'did you mean On-Prem?'],
  ])('a header %s', async (_, config, hint) => {
    const error = await rejectionOf(read('on-prem', config));
    expect(error.code).toBe('CONFIG_PROFILE');
    expect(error.hints[0]).toBe(hint);
  });

  test('a name with blanks that is not quoted', async () => {
    const error = await rejectionOf(read('on prem', '[profile on prem]\na = 1\n'));
    expect(error.hints[0]).toBe('[profile on prem] does not count: write [profile "on prem"]');
  });

  test('keys in upper case', async () => {
    const own = await rejectionOf(
      read('p', '[profile p]\nROLES_ANYWHERE_CERTIFICATE = /x\nroles_anywhere_region = x\n'),
    );
    expect(own).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'ROLES_ANYWHERE_CERTIFICATE is no option of roles-anywhere',
      hints: ['did you mean roles_anywhere_certificate?'],
    });
    const leading = await rejectionOf(
      read('p', '[profile p]\nCredential_Process = roles-anywhere credential-process\n'),
    );
    expect(leading).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'profile p has Credential_Process, which only the AWS CLI and boto3 read',
      hints: ['write credential_process'],
    });
  });
});

test.each(['on prem', 'R&D', 'büro', 'dev(eu)', 'a,b'])('%s is found', async (name) => {
  const line = `roles-anywhere credential-process --from-profile "${name}"`;
  const profile = await read(
    name,
    `[profile "${name}"]\ncredential_process = ${line}\nroles_anywhere_certificate = /x\n`,
  );
  expect([profile.name, profile.keys.get('roles_anywhere_certificate')]).toEqual([name, '/x']);
});
