import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromIni } from '@aws-sdk/credential-providers';
import * as fc from '../../support/fast-check.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readProfiles } from '../../../src/options/profile/from-profile.ts';
import type { NamedHop } from '../../../src/aws/assume-role/role-hop.ts';
import { rowsOf } from '../parse/values.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-sdk-profiles-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Profiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'x',
  sessionToken: 'x',
  expiration: new Date(Date.now() + 3_600_000),
};

/** What the profile at the end of the way has, for each of the two. */
const theirEnd = { end: { aws_access_key_id: 'AKIDEXAMPLE', aws_secret_access_key: 'x' } };
const ourEnd = { end: { roles_anywhere_certificate: 'leaf.pem' } };

function write(name: string, profiles: Profiles, prefix: string): string {
  const path = join(folder, name);
  const sections = Object.entries(profiles).map(([name, keys]) =>
    [`[${prefix}${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ''].join('\n'),
  );
  writeFileSync(path, sections.join('\n'));
  return path;
}

/** The roles that the SDK for JavaScript assumes for a profile, in order; undefined where it gives up. */
async function theirs(config: Profiles, shared: Profiles, profile: string): Promise<unknown[] | undefined> {
  const roles: unknown[] = [];
  const provider = fromIni({
    profile,
    configFilepath: write('their-config', { ...config, ...theirEnd }, 'profile '),
    filepath: write('their-credentials', shared, ''),
    ignoreCache: true,
    roleAssumer: (_source, params) => {
      const { RoleArn, ExternalId, RoleSessionName, DurationSeconds } = params;
      const name = RoleSessionName?.startsWith('aws-sdk-js-') ? undefined : RoleSessionName;
      roles.push([RoleArn, ExternalId, name, DurationSeconds]);
      return Promise.resolve(credentials);
    },
  });
  return provider().then(
    () => roles,
    () => undefined,
  );
}

async function ours(config: Profiles, shared: Profiles, profile: string): Promise<unknown[] | undefined> {
  const env = {
    AWS_CONFIG_FILE: write('our-config', { ...config, ...ourEnd }, 'profile '),
    AWS_SHARED_CREDENTIALS_FILE: write('our-credentials', shared, ''),
  };
  const describe = ({ roleArn, externalId, roleSessionName, durationSeconds = 3600 }: NamedHop) => {
    return [roleArn, externalId, roleSessionName, durationSeconds];
  };
  try {
    const [read] = await readProfiles([profile], env, {
      name: 'credential-process',
      options: rowsOf('credential-process'),
    });
    // Where nothing is asked for, flags and environment may give it: that is ours alone.
    return read?.keys.has('roles_anywhere_certificate') ? read.chain.map(describe) : undefined;
  } catch {
    return undefined;
  }
}

test('follows profiles as the SDK for JavaScript does', async () => {
  const names = ['p0', 'p1', 'p2', 'end', 'nowhere'];
  const maybe = (value: string) => fc.option(fc.constant(value), { nil: undefined, freq: 2 });
  const role = (name: string) =>
    fc
      .record({
        role_arn: fc.option(fc.constant(`arn:aws:iam::111122223333:role/${name}`), { nil: undefined, freq: 8 }),
        source_profile: fc.option(fc.constantFrom(...names, 'end', 'end'), { nil: undefined, freq: 8 }),
        external_id: maybe('id'),
        role_session_name: maybe('session'),
        duration_seconds: maybe('900'),
        region: maybe('eu-west-1'),
        output: fc.constant('json'),
      })
      .map((keys) => Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined)) as never);
  const config = fc.record({ p0: role('p0'), p1: role('p1'), p2: role('p2') });
  const shared = fc.record({ p1: role('shared-p1'), p3: role('shared-p3') }, { requiredKeys: [] });
  const lengths = new Map<number | undefined, number>();
  await fc.assert(
    fc.asyncProperty(config, shared, fc.constantFrom('p0', 'p1', 'p3', 'end'), async (config, shared, profile) => {
      const expected = await theirs(config, shared, profile);
      lengths.set(expected?.length, (lengths.get(expected?.length) ?? 0) + 1);
      expect(await ours(config, shared, profile)).toEqual(expected);
    }),
    { numRuns: 400 },
  );
  expect([...lengths.keys()]).toEqual(expect.arrayContaining([undefined, 0, 1, 2]));
});

test('the region is that of the profile asked for, in every role', async () => {
  const config: Profiles = {
    far: { role_arn: 'arn:aws:iam::111122223333:role/far', source_profile: 'near', region: 'us-east-2' },
    near: { role_arn: 'arn:aws:iam::111122223333:role/near', source_profile: 'end', region: 'eu-west-1' },
  };
  const hosts: string[] = [];
  const answer = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${credentials.expiration.toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
  const handle = ({ hostname }: { hostname: string }) => {
    hosts.push(hostname);
    return Promise.resolve({ response: { statusCode: 200, headers: {}, body: Buffer.from(answer) } });
  };
  await fromIni({
    profile: 'far',
    configFilepath: write('their-config', { ...config, ...theirEnd }, 'profile '),
    filepath: write('their-credentials', {}, ''),
    ignoreCache: true,
    clientConfig: { requestHandler: { handle } as never },
  })();
  expect(hosts).toEqual(['sts.us-east-2.amazonaws.com', 'sts.us-east-2.amazonaws.com']);

  const env = { AWS_CONFIG_FILE: write('our-config', { ...config, ...ourEnd }, 'profile '), HOME: folder };
  const command = { name: 'credential-process', options: rowsOf('credential-process') } as const;
  const [read] = await readProfiles(['far'], env, command);
  expect(read?.chain.map(({ region }) => region)).toEqual(['us-east-2', 'us-east-2']);
});
