/** Chains of roles over the sandbox's STS: what arrives there, and what comes back. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { obtainCredentials } from '../../../src/pipeline/pipeline.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { chainRequest, chainWorld } from './chain-request.ts';

const account = 'arn:aws:iam::444455556666';
const hour = 3600_000;

/** Only what this role is trusted with. */
function trusting(principal: string, condition: object = {}): object {
  const actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
  return { Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: actions, Condition: condition }] };
}

let sandbox: Sandbox;
let base: string;
let far: string;
let farther: string;

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['Worker'], region: 'eu-west-1' });
  base = sandbox.roleArn;
  far = sandbox.addRole({ name: `${account}:role/team/Far`, trustPolicy: trusting(base) });
  farther = sandbox.addRole({ name: 'Farther', accountId: '777788889999', trustPolicy: trusting(far) });
});

afterAll(() => sandbox.close());

/** Sessions that STS made in a run, in order. */
async function sessionsOf(run: () => Promise<unknown>) {
  const before = sandbox.requests.length;
  await run();
  const made = sandbox.requests.slice(before).filter(({ operation }) => operation === 'AssumeRole');
  return made.map(({ session }) => session);
}

const obtain = (...hops: Parameters<typeof chainRequest>[1]['hops']) =>
  obtainCredentials(chainRequest(sandbox, { hops }), chainWorld().context);

describe('a chain', () => {
  it('of one role gives credentials of that role and its account, for an hour', async () => {
    const start = Date.now();
    const credentials = await obtain({ roleArn: far });
    expect(credentials).toEqual({
      accessKeyId: expect.stringMatching(/^ASIA[A-Z0-9]{16}$/),
      secretAccessKey: expect.stringMatching(/^\S{40}$/),
      sessionToken: expect.stringMatching(/^\S{50,}$/),
      expiration: expect.any(Date),
      accountId: '444455556666',
    });
    expect(credentials.expiration.getTime() - start).toBeGreaterThan(hour - 5000);
    expect(credentials.expiration.getTime() - start).toBeLessThan(hour + 60_000);
    expect(sandbox.requests.at(-1)?.session?.roleArn).toBe(far);
  });

  it('of three is walked hop by hop, with tags and source identity of the certificate all the way', async () => {
    const last = sandbox.addRole({ name: 'Last', trustPolicy: trusting(farther) });
    const sessions = await sessionsOf(() => obtain({ roleArn: far }, { roleArn: farther }, { roleArn: last }));
    expect(sessions.map((session) => session?.roleArn)).toEqual([far, farther, last]);
    for (const session of sessions) {
      expect(session).toMatchObject({
        sourceIdentity: 'CN=sandbox.example',
        tags: { 'x509Subject/CN': 'sandbox.example' },
      });
    }
  });

  it('of a role twice is no cycle', async () => {
    const again = sandbox.addRole({ name: 'Again', trustPolicy: trusting('arn:aws:iam::111122223333:root') });
    const sessions = await sessionsOf(() => obtain({ roleArn: again }, { roleArn: again }));
    expect(sessions).toHaveLength(2);
  });

  it('is told to who traces: endpoint and role, and no secret', async () => {
    const world = chainWorld();
    const hops = [{ roleArn: far }, { roleArn: farther }];
    const credentials = await obtainCredentials(chainRequest(sandbox, { hops }), world.context);
    const events = world.traced.filter(({ kind }) => kind === 'assumed');
    const [first, second] = sandbox.requests.slice(-2).map(({ requestId }) => requestId);
    const common = { kind: 'assumed', attempt: 1, hops: 2, elapsedMs: expect.any(Number) };
    expect(events).toEqual([
      { ...common, roleArn: far, position: 1, requestId: first },
      { ...common, roleArn: farther, position: 2, requestId: second },
    ]);
    const endpoints = world.traced.filter(({ kind }) => kind === 'endpoint');
    expect(endpoints).toHaveLength(3);
    expect(JSON.stringify(world.traced)).not.toContain(credentials.secretAccessKey);
    expect(JSON.stringify(world.traced)).not.toContain(credentials.sessionToken);
  });

  it('goes by the clock that was handed in', async () => {
    const now = (): Date => new Date(Date.now() + 5 * 24 * hour);
    const later = await startSandbox({ now });
    const role = later.addRole('Later');
    const { context } = chainWorld(now);
    const credentials = await obtainCredentials(chainRequest(later, { hops: [{ roleArn: role }] }), context);
    expect(credentials.expiration.getTime()).toBeGreaterThan(now().getTime() + hour - 60_000);
    await later.close();
  });

  it('with a fault is refused before a session is asked for', async () => {
    const before = sandbox.requests.length;
    const failure = await rejectionOf(obtain({ roleArn: far }, { roleArn: farther, durationSeconds: 7200 }));
    expect(failure).toMatchObject({
      code: 'OPTION_INVALID',
      message: 'roleChain[1]: durationSeconds is 7200, and role chaining allows one hour, 3600, at the most',
    });
    expect(sandbox.requests).toHaveLength(before);
  });
});

describe('a hop', () => {
  it('is called by name, or by the time', async () => {
    const [named] = await sessionsOf(() => obtain({ roleArn: far, roleSessionName: 'night-run@example' }));
    expect(named?.arn).toBe('arn:aws:sts::444455556666:assumed-role/Far/night-run@example');
    const [unnamed] = await sessionsOf(() => obtain({ roleArn: far }));
    const [, milliseconds] = /\/roles-anywhere-(\d+)$/.exec(unnamed?.arn ?? '') ?? [];
    expect(Math.abs(Number(milliseconds) - Date.now())).toBeLessThan(60_000);
  });

  it('has the duration that was asked for', async () => {
    const credentials = await obtain({ roleArn: far, durationSeconds: 900 });
    expect(credentials.expiration.getTime() - Date.now()).toBeLessThanOrEqual(900_000);
  });

  it('brings the external id', async () => {
    const guarded = { StringEquals: { 'sts:ExternalId': 'tenant:42/a=b' } };
    const role = sandbox.addRole({ name: 'Guarded', trustPolicy: trusting(base, guarded) });
    await obtain({ roleArn: role, externalId: 'tenant:42/a=b' });
    expect(sandbox.requests.at(-1)).toMatchObject({ accepted: true, session: { roleArn: role } });
  });

  it('sets tags, of which those that are transitive go on', async () => {
    const tagged = { StringEquals: { 'aws:PrincipalTag/Stage': 'prod' } };
    const role = sandbox.addRole({ name: 'Tagged', trustPolicy: trusting(far, tagged) });
    const tags = { Stage: 'prod', Größe: 'klein + fein' };
    const [first, second] = await sessionsOf(() =>
      obtain({ roleArn: far, tags, transitiveTagKeys: ['Größe'] }, { roleArn: role }),
    );
    expect(first?.tags).toMatchObject(tags);
    expect(second?.tags).toMatchObject({ Größe: 'klein + fein', 'x509Subject/CN': 'sandbox.example' });
    expect(second?.tags).not.toHaveProperty('Stage');
  });

  it('narrows what the role may do', async () => {
    const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const forms: URLSearchParams[] = [];
    const policyArns = ['arn:aws:iam::aws:policy/ReadOnlyAccess', 'arn:aws:iam::444455556666:policy/team/Own'];
    const clientConfig = { requestHandler: forwardingTo(sandbox.endpoint, forms) };
    const request = chainRequest(sandbox, { hops: [{ roleArn: far, policy, policyArns }], sts: { clientConfig } });
    await obtainCredentials(request, chainWorld().context);
    expect(Object.fromEntries(forms[0] ?? [])).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: far,
      RoleSessionName: expect.stringMatching(/^roles-anywhere-\d+$/),
      Policy: policy,
      'PolicyArns.member.1.arn': policyArns[0],
      'PolicyArns.member.2.arn': policyArns[1],
    });
  });
});

/** A request handler of the caller's own: fetch, which keeps the forms that were sent. */
function forwardingTo(endpoint: string, forms: URLSearchParams[]) {
  return {
    handle: async (request: { headers: Record<string, string>; body: string }) => {
      forms.push(new URLSearchParams(request.body));
      const { host: _host, ...headers } = request.headers;
      const answer = await fetch(`${endpoint}/`, { method: 'POST', headers, body: request.body });
      const body = new Uint8Array(await answer.arrayBuffer());
      return { response: { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body } };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}
