import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProfile } from '../../src/options/from-profile.ts';
import { thrownBy } from '../support/thrown.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-config-'));
  path = join(folder, 'config');
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(name: string, config: string, env: Record<string, string> = { AWS_CONFIG_FILE: path }) {
  writeFileSync(path, config);
  return readProfile(name, env);
}

const onPrem = `
[profile on-prem]
credential_process = roles-anywhere credential-process --from-profile on-prem
roles_anywhere_certificate = /etc/pki/leaf.pem
region = eu-west-1
`;

test('gives the keys of the profile', () => {
  const { name, keys } = read('on-prem', onPrem);
  expect(name).toBe('on-prem');
  expect(keys.get('roles_anywhere_certificate')).toBe('/etc/pki/leaf.pem');
});

test('a profile without Roles Anywhere keys is no mistake: flags may give the rest', () => {
  expect(read('plain', '[profile plain]\nca_bundle = /ca.pem').keys.get('ca_bundle')).toBe('/ca.pem');
});

test('with the keys of its services section', () => {
  const config = `${onPrem}services = local\n[services local]\nrolesanywhere =\n  endpoint_url = http://127.0.0.1:1\n`;
  expect(read('on-prem', config).keys.get('services.rolesanywhere.endpoint_url')).toBe('http://127.0.0.1:1');
});

describe('where the file is', () => {
  test('AWS_CONFIG_FILE, ~/ at its beginning being the home folder', () => {
    expect(read('on-prem', onPrem, { AWS_CONFIG_FILE: '~/config', HOME: folder }).name).toBe('on-prem');
  });

  test.each(['HOME', 'USERPROFILE'])('else .aws/config below %s', (variable) => {
    const home = mkdtempSync(join(folder, 'home-'));
    mkdirSync(join(home, '.aws'));
    writeFileSync(join(home, '.aws', 'config'), onPrem);
    expect(readProfile('on-prem', { [variable]: home, AWS_CONFIG_FILE: '' }).name).toBe('on-prem');
  });
});

describe('refused', () => {
  test('no file', () => {
    const error = thrownBy(() => readProfile('on-prem', { AWS_CONFIG_FILE: join(folder, 'none') }));
    expect(error).toMatchObject({
      code: 'CONFIG_PROFILE',
      message: `--from-profile needs ${join(folder, 'none')}, which does not exist`,
    });
  });

  test('a folder in its place', () => {
    const error = thrownBy(() => readProfile('on-prem', { AWS_CONFIG_FILE: folder }));
    expect(error).toMatchObject({ code: 'FILE_FAILED', message: `cannot read ${folder}: EISDIR` });
  });

  test('a file that cannot be read', () => {
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    const error = thrownBy(() => readProfile('on-prem', { AWS_CONFIG_FILE: loop }));
    expect(error).toMatchObject({ code: 'FILE_FAILED', message: `cannot read ${loop}: ELOOP` });
  });

  test('no such profile, with those there are', () => {
    const error = thrownBy(() => read('onprem', `${onPrem}[profile other]\na = 1`));
    expect(error).toMatchObject({ code: 'CONFIG_PROFILE', message: `--from-profile: no profile onprem in ${path}` });
    expect(error.hints).toEqual(['did you mean on-prem?', 'the file holds on-prem, other']);
  });

  test('no profile at all', () => {
    expect(thrownBy(() => read('on-prem', '')).hints).toEqual(['the file holds no profiles']);
  });

  test('a key that is no option', () => {
    const error = thrownBy(() => read('on-prem', `${onPrem}roles_anywhere_privat_key = x`));
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'roles_anywhere_privat_key is no option of roles-anywhere',
    });
    expect(error.hints).toEqual(['did you mean roles_anywhere_private_key?']);
  });

  test('a services section that is not there', () => {
    expect(thrownBy(() => read('on-prem', `${onPrem}services = local`))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `services = local: no section [services local] in ${path}`,
    });
  });
});

describe('role_arn and source_profile', () => {
  const workload = '[profile workload]\nrole_arn = arn:aws:iam::111122223333:role/Workload\nsource_profile = on-prem\n';

  test('lead to the Roles Anywhere keys, but role chaining is not built yet', () => {
    const error = thrownBy(() => read('workload', onPrem + workload));
    expect(error).toMatchObject({
      code: 'OPTION_NOT_BUILT',
      message: '--from-profile workload needs role chaining (workload -> on-prem), which is not built yet',
    });
    expect(error.hints).toEqual(['give --from-profile on-prem, and let the SDK follow role_arn and source_profile']);
  });

  test('over any number of steps', () => {
    const more = '[profile far]\nrole_arn = x\nsource_profile = workload\n';
    expect(thrownBy(() => read('far', onPrem + workload + more)).message).toContain('(far -> workload -> on-prem)');
  });

  test('to a profile without them', () => {
    expect(thrownBy(() => read('workload', `${workload}[profile on-prem]\nregion = x`))).toMatchObject({
      code: 'CONFIG_PROFILE',
      message: '--from-profile workload leads to profile on-prem, which has no roles_anywhere_ keys',
    });
  });

  test('to nowhere', () => {
    expect(thrownBy(() => read('workload', workload))).toMatchObject({
      code: 'CONFIG_PROFILE',
      message: `source_profile of profile workload: no profile on-prem in ${path}`,
    });
  });

  test.each([
    ['workload', 'workload', 'workload -> workload'],
    ['workload', 'back', 'workload -> back -> workload'],
  ])('in a circle from %s by %s', (name, source, circle) => {
    const config = `[profile workload]\nrole_arn = x\nsource_profile = ${source}\n[profile back]\nrole_arn = y\nsource_profile = workload\n`;
    expect(thrownBy(() => read(name, config))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `source_profile goes in a circle: ${circle}`,
    });
  });

  test('beside Roles Anywhere keys: which role would it be?', () => {
    const config = `${onPrem}role_arn = x\nsource_profile = other\n[profile other]\nregion = x`;
    expect(thrownBy(() => read('on-prem', config))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'profile on-prem has roles_anywhere_ keys and also role_arn with source_profile',
    });
  });
});
