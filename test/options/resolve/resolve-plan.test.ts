import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CredentialPlan, CredentialRequest } from '../../../src/pipeline/credential-plan.ts';
import { parseFlags } from '../../../src/options/parse/parse-flags.ts';
import { readValues } from '../../../src/options/parse/read-values.ts';
import { resolvePlan, resolveTarget } from '../../../src/options/resolve/resolve-plan.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { rowsOf } from '../parse/values.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly config?: string;
  readonly env?: Record<string, string>;
}

async function read(args: readonly string[], { config = '', env = {} }: Given) {
  const path = join(folder, 'config');
  writeFileSync(path, config);
  const environment = { AWS_CONFIG_FILE: path, HOME: folder, ...env };
  const command = { name: 'credential-process', options: rowsOf('credential-process') } as const;
  return { values: await readValues(command, parseFlags(args, command.options, false), environment), environment };
}

async function plan(args: readonly string[], given: Given = {}): Promise<CredentialPlan> {
  const { values, environment } = await read(args, given);
  return resolvePlan(values, environment);
}

async function request(args: readonly string[], given: Given = {}): Promise<CredentialRequest> {
  return (await plan(args, given)).targets[0].request;
}

const trustAnchorArn = 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a1';
const profileArn = 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/b2';
const roleArn = 'arn:aws:iam::111122223333:role/on-prem';
const one = 'arn:aws:iam::444455556666:role/One';
const two = 'arn:aws:iam::444455556666:role/path/Two,b';

const keys = (name: string, region = 'eu-west-1') =>
  [
    `[profile ${name}]`,
    `roles_anywhere_trust_anchor_arn = ${trustAnchorArn.replace('eu-west-1', region)}`,
    `roles_anywhere_profile_arn = ${profileArn.replace('eu-west-1', region)}`,
    `roles_anywhere_role_arn = ${roleArn}`,
    `roles_anywhere_certificate = ${name}.pem`,
    '',
  ].join('\n');
const workload = (more = '') => `[profile workload]\nrole_arn = ${one}\nsource_profile = on-prem\n${more}\n`;
const fromFlags = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
const complete = [...fromFlags, '--certificate', 'leaf.pem'];

describe('one target', () => {
  test('is called as its profile, or by the ARN of its trust anchor', async () => {
    expect((await plan(complete)).targets.map(({ name }) => name)).toEqual([trustAnchorArn]);
    const named = await plan(['--from-profile', 'on-prem'], { config: keys('on-prem') });
    expect(named.targets.map(({ name }) => name)).toEqual(['on-prem']);
    expect(named.failoverOnRefusal).toBe(false);
  });

  test('has neither roles nor STS unless somebody asks for roles', async () => {
    const env = { AWS_ENDPOINT_URL_STS: 'https://sts.example', ROLES_ANYWHERE_STS_ENDPOINT: 'https://sts.example' };
    expect(Object.keys(await request(complete, { env }))).toEqual(['identity', 'session', 'endpoint', 'network']);
  });
});

describe('roles of the command line', () => {
  const roles = ['--assume-role', one, '--assume-role', two];

  test('in order, the external ID for the last of them', async () => {
    const { roleChain, sts } = await request([...complete, ...roles, '--external-id', 'id']);
    expect(roleChain).toEqual([
      { option: '--assume-role', roleArn: one },
      { option: '--assume-role', roleArn: two, externalId: 'id' },
    ]);
    expect(sts).toEqual({ fips: false, dualStack: false });
  });

  test.each([`${one},${two}`, ` ${one} , ${two}`])('from the environment: %s', async (text) => {
    const env = { ROLES_ANYWHERE_ASSUME_ROLE: text, ROLES_ANYWHERE_EXTERNAL_ID: 'id' };
    expect((await request(complete, { env })).roleChain).toEqual([
      { option: 'ROLES_ANYWHERE_ASSUME_ROLE', roleArn: one },
      { option: 'ROLES_ANYWHERE_ASSUME_ROLE', roleArn: two, externalId: 'id' },
    ]);
  });

  test('behind those of the profile, in the region of its STS', async () => {
    const config = keys('on-prem') + workload('region = us-east-1\nexternal_id = mine');
    const { roleChain } = await request(['--from-profile', 'workload', '--assume-role', two, '--external-id', 'id'], {
      config,
    });
    expect(roleChain).toEqual([
      { option: 'role_arn of profile workload', roleArn: one, externalId: 'mine', region: 'us-east-1' },
      { option: '--assume-role', roleArn: two, externalId: 'id', region: 'us-east-1' },
    ]);
  });

  test('of the profile itself', async () => {
    const config = `${keys('on-prem')}roles_anywhere_assume_role = ${two}\n`;
    expect((await request(['--from-profile', 'on-prem'], { config })).roleChain).toEqual([
      { option: 'roles_anywhere_assume_role of profile on-prem', roleArn: two },
    ]);
  });
});

describe('STS', () => {
  const args = ['--from-profile', 'workload'];

  test('as the profile has it', async () => {
    const services =
      'services = s\nuse_fips_endpoint = true\n[services s]\nsts =\n  endpoint_url = https://sts.example\n';
    const config = keys('on-prem') + workload(services);
    expect((await request(args, { config })).sts).toEqual({
      endpoint: { url: 'https://sts.example', option: 'services.sts.endpoint_url of profile workload' },
      fips: true,
      dualStack: false,
    });
  });

  test('as flags and environment have it', async () => {
    const config = keys('on-prem') + workload('endpoint_url = https://all.example');
    const flags = ['--sts-endpoint', 'https://flag.example', '--use-dualstack-endpoint'];
    expect((await request([...args, ...flags], { config })).sts).toEqual({
      endpoint: { url: 'https://flag.example', option: '--sts-endpoint' },
      fips: false,
      dualStack: true,
    });
    const env = { AWS_ENDPOINT_URL_STS: 'https://sts.example' };
    expect((await request(args, { config, env })).sts?.endpoint).toEqual({
      url: 'https://sts.example',
      option: 'AWS_ENDPOINT_URL_STS',
    });
    const made = await request(args, { config });
    expect(made.sts?.endpoint?.option).toBe('endpoint_url of profile workload');
    expect(made.endpoint.custom).toBeUndefined();
  });
});

describe('refused before anybody is asked', () => {
  test.each<[string[], Given, string, string]>([
    [[...complete, '--assume-role', 'x'], {}, 'ARN_INVALID', "--assume-role: 'x' is no ARN of a role"],
    [
      [...complete, '--assume-role', one.replace('aws', 'aws-cn')],
      {},
      'ARN_MISMATCH',
      `--assume-role: ${one.replace('aws', 'aws-cn')} is in the partition aws-cn, the trust anchor in aws`,
    ],
    [
      [...complete, '--external-id', 'id'],
      {},
      'OPTION_MISPLACED',
      '--external-id is for the last role of --assume-role, and there is none',
    ],
    [
      ['--from-profile', 'workload', '--external-id', 'id'],
      { config: keys('on-prem') + workload() },
      'OPTION_MISPLACED',
      '--external-id is for the last role of --assume-role, and there is none',
    ],
    [
      ['--from-profile', 'workload'],
      { config: keys('on-prem') + workload('duration_seconds = 7200') },
      'OPTION_INVALID',
      'role_arn of profile workload: durationSeconds is 7200, and role chaining allows one hour, 3600, at the most',
    ],
    [
      complete,
      { env: { ROLES_ANYWHERE_ASSUME_ROLE: 'role, arn:x' } },
      'ARN_INVALID',
      `ROLES_ANYWHERE_ASSUME_ROLE: 'role' is no ARN of a role`,
    ],
  ])('%j', async (args, given, code, message) => {
    const error = await rejectionOf(plan(args, given));
    expect([error.code, error.message]).toEqual([code, message]);
  });

  test('with its placeholders named', async () => {
    const given = { config: keys('on-prem') + workload('region = <region>').replaceAll(/\d{12}/g, '<account>') };
    const error = await rejectionOf(plan(['--from-profile', 'workload'], given));
    expect([error.code, error.hints]).toContainEqual(
      expect.arrayContaining(['replace the placeholder <account> by your own']),
    );
  });

  test('with everything else that is wrong', async () => {
    const error = await rejectionOf(plan([...complete, '--region', 'x', '--assume-role', 'y']));
    expect(error.message).toBe('--region must be a region such as eu-west-1, not "x"');
    expect(error.hints[0]).toBe("also: --assume-role: 'y' is no ARN of a role");
  });
});

describe('several profiles', () => {
  const config = keys('near') + keys('far', 'us-east-1');

  test('a target for each, in order', async () => {
    const { targets } = await plan(['--from-profile', 'near,far'], { config });
    expect(targets.map(({ name, request }) => [name, request.session.region, request.identity])).toEqual([
      ['near', 'eu-west-1', { certificate: expect.objectContaining({ path: 'near.pem' }) as unknown }],
      ['far', 'us-east-1', { certificate: expect.objectContaining({ path: 'far.pem' }) as unknown }],
    ]);
  });

  test('flags and environment hold for all of them', async () => {
    const args = ['--from-profile', 'near', '--from-profile', 'far', '--certificate', 'leaf.pem'];
    const { targets } = await plan([...args, '--failover-on-refusal'], {
      config,
      env: { ROLES_ANYWHERE_SESSION_DURATION: '900' },
    });
    for (const { request } of targets) {
      expect(request).toMatchObject({
        identity: { certificate: { option: '--certificate', path: 'leaf.pem' } },
        session: { durationSeconds: 900 },
      });
    }
    expect(targets).toHaveLength(2);
  });

  test('each with its own chain', async () => {
    const { targets } = await plan(['--from-profile', 'workload,far'], {
      config: config + keys('on-prem') + workload(),
    });
    expect(targets.map(({ request }) => request.roleChain?.length)).toEqual([1, undefined]);
  });

  test('failing over after a refusal is for one profile too, and then means nothing', async () => {
    expect(await plan([...complete, '--failover-on-refusal'])).toMatchObject({ failoverOnRefusal: true });
    const first = config.replace('[profile far]', 'roles_anywhere_failover_on_refusal = true\n[profile far]');
    expect(await plan(['--from-profile', 'near,far'], { config: first })).toMatchObject({ failoverOnRefusal: true });
    expect(await plan(['--from-profile', 'far,near'], { config: first })).toMatchObject({ failoverOnRefusal: false });
  });

  test('what is missing in the second', async () => {
    const error = await rejectionOf(
      plan(['--from-profile', 'near,bare'], { config: `${config}[profile bare]\na = b` }),
    );
    expect(error.code).toBe('OPTION_MISSING');
    expect(error.hints[0]).toBe(
      'give --trust-anchor-arn, ROLES_ANYWHERE_TRUST_ANCHOR_ARN, or roles_anywhere_trust_anchor_arn in profile bare',
    );
  });

  test('each alone, for who serves them all', async () => {
    const { values, environment } = await read(['--from-profile', 'near,far'], { config });
    const names = [values, ...values.others].map(async (each) => (await resolveTarget(each, environment)).name);
    expect(await Promise.all(names)).toEqual(['near', 'far']);
  });
});
