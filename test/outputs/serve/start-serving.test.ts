import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { rejectionOf } from '../../support/thrown.ts';
import { ask, askImds, rolesPath } from '../../support/ask-server.ts';
import { type House, type HouseOptions, openHouse, planFor, sessionsOf } from './served-sandbox.ts';

const houses: House[] = [];

async function open(options: HouseOptions = {}): Promise<House> {
  const house = await openHouse(options);
  houses.push(house);
  return house;
}

afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

const container = (house: House, path = '/credentials') =>
  ask(house.url, path, { headers: { Authorization: house.token } });

test('both endpoints hand out the same set, which STS takes', async () => {
  const house = await open();
  const imds = JSON.parse((await askImds(house.url, `${rolesPath}Worker`)).body) as Record<string, string>;
  const other = JSON.parse((await container(house)).body) as Record<string, string>;
  expect(imds).toMatchObject({ Code: 'Success', AccessKeyId: other['AccessKeyId'], Token: other['Token'] });
  expect(sessionsOf(house)).toBe(1);
});

test('a thousand requests at once cause no CreateSession and wait for none', async () => {
  const house = await open();
  // Whatever would ask the service now would wait for a minute.
  house.sandbox.failNext({ delay: 60_000, times: 1000 });
  const replies = await Promise.all(Array.from({ length: 1000 }, () => container(house)));
  expect(replies.every(({ status }) => status === 200)).toBe(true);
  expect(new Set(replies.map(({ body }) => body)).size).toBe(1);
  expect(sessionsOf(house)).toBe(1);
});

test('a renewal says who, which, until when, and nothing secret', async () => {
  const house = await open();
  const [line] = house.logs;
  const { session, requestId } = house.sandbox.requests[0] ?? {};
  expect(session?.roleArn).toBe(house.sandbox.roleArn);
  expect(line).toMatchObject({
    level: 'info',
    message: 'credentials renewed',
    fields: {
      profile: 'Worker',
      role: 'Worker',
      'request-id': requestId,
      serial: expect.stringMatching(/^\d+$/) as string,
    },
  });
  expect(line?.fields['expires']).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test('nothing secret is logged, whatever is asked', async () => {
  const house = await open();
  const imds = await askImds(house.url, `${rolesPath}Worker`);
  await ask(house.url, '/credentials', { headers: { Authorization: 'a wrong secret' } });
  await ask(house.url, '/latest/a-secret-path', { headers: { 'X-aws-ec2-metadata-token': 'a wrong token' } });
  const { SecretAccessKey, Token } = JSON.parse(imds.body) as Record<string, string>;
  const said = JSON.stringify(house.logs);
  expect(house.logs.length).toBeGreaterThan(4);
  for (const secret of [SecretAccessKey, Token, house.token, 'a wrong secret', 'a-secret-path', 'a wrong token']) {
    expect(said).not.toContain(secret);
  }
});

test('several profiles have a role each, and each its own set', async () => {
  const house = await open({
    sandbox: { roles: ['Worker', 'Keeper'] },
    plans: (sandbox) => {
      const keeper = {
        ...planFor(sandbox).targets[0].request.session,
        roleArn: sandbox.roleArn.replace('Worker', 'Keeper'),
      };
      return [
        { profile: 'on-prem', plan: planFor(sandbox) },
        { profile: 'backup', plan: planFor(sandbox, { session: keeper }) },
      ];
    },
  });
  expect((await askImds(house.url, rolesPath)).body).toBe('Worker');
  const keyOf = ({ body }: { body: string }) => (JSON.parse(body) as { AccessKeyId: string }).AccessKeyId;
  const [worker, keeper] = [
    await askImds(house.url, `${rolesPath}Worker`),
    await askImds(house.url, `${rolesPath}Keeper`),
  ];
  expect(keyOf(worker)).not.toBe(keyOf(keeper));
  expect(keyOf(await container(house))).toBe(keyOf(worker));
  expect(keyOf(await container(house, '/credentials/backup'))).toBe(keyOf(keeper));
});

describe('start', () => {
  test('fails when the first set cannot be had, and leaves nothing open', async () => {
    const error = await rejectionOf(open({ prepare: (sandbox) => sandbox.failNext({ status: 403, times: 9 }) }));
    expect(error.code).toMatch(/^REFUSED_/);
  });

  test('fails when one of several roles cannot be had', async () => {
    const plans: HouseOptions['plans'] = (sandbox) => [
      { profile: 'good', plan: planFor(sandbox) },
      {
        profile: 'bad',
        plan: planFor(sandbox, {
          session: { ...planFor(sandbox).targets[0].request.session, roleArn: `${sandbox.roleArn}X` },
        }),
      },
    ];
    expect((await rejectionOf(open({ plans }))).code).toBe('REFUSED_ROLE_NOT_IN_PROFILE');
  });

  test('fails when somebody listens there', async () => {
    const first = await open();
    const port = Number(new URL(first.url).port);
    const error = await rejectionOf(open({ serve: { listen: [{ kind: 'tcp', host: '127.0.0.1', port }] } }));
    expect(error.code).toBe('PORT_UNAVAILABLE');
    expect(error.message).toBe(`cannot listen on 127.0.0.1 port ${port}: EADDRINUSE`);
  });

  test('told to wait, it listens, answers 503 and keeps trying', async () => {
    const house = await open({
      serve: { wait: true },
      prepare: (sandbox) => sandbox.failNext({ status: 503, delay: 300 }),
    });
    expect((await askImds(house.url, `${rolesPath}Worker`)).status).toBe(503);
    expect((await container(house)).status).toBe(503);
    const notReady = await ask(house.url, '/readyz');
    expect(notReady.status).toBe(503);
    expect(JSON.parse(notReady.body)).toMatchObject({ ready: false });
    expect((await ask(house.url, '/healthz')).status).toBe(200);
    await house.serving.whenReady();
    expect((await ask(house.url, '/readyz')).status).toBe(200);
    expect((await container(house)).status).toBe(200);
    expect(house.logs.some(({ level, message }) => level === 'error' && message.startsWith('renewal failed: '))).toBe(
      true,
    );
  });
});

test('a role that has no set yet can be replaced by one that works', async () => {
  const wrong = (roleArn: string): string => `${roleArn}X`;
  const house = await open({
    serve: { wait: true },
    plans: (sandbox) => {
      const { session } = planFor(sandbox).targets[0].request;
      return [{ profile: 'p', plan: planFor(sandbox, { session: { ...session, roleArn: wrong(session.roleArn) } }) }];
    },
  });
  expect((await container(house)).status).toBe(503);
  expect(await house.serving.reload([{ profile: 'p', plan: planFor(house.sandbox) }])).toBe(0);
  await house.serving.whenReady();
  expect((await container(house)).status).toBe(200);
});

describe('addresses', () => {
  test('[::1] and a Unix socket, several at once', async () => {
    const house = await open({
      serve: {
        listen: [
          { kind: 'tcp', host: '127.0.0.1', port: 0 },
          { kind: 'tcp', host: '::1', port: 0 },
        ],
      },
    });
    const [four, six] = house.serving.listeners.map(({ name }) => name);
    expect(six).toMatch(/^http:\/\/\[::1\]:\d+$/);
    for (const url of [four, six]) expect((await ask(url ?? '', '/healthz')).status).toBe(200);
  });

  test('other machines need a token', async () => {
    const listen = [{ kind: 'tcp', host: '0.0.0.0', port: 0 }] as const;
    const error = await rejectionOf(open({ serve: { listen, tokenFile: undefined } }));
    expect([error.code, error.message]).toEqual([
      'OPTION_MISSING',
      'listening on 0.0.0.0 needs --token-file: other machines can connect',
    ]);
  });

  test('with a token they get the container endpoint alone, and that is said', async () => {
    const house = await open({ serve: { listen: [{ kind: 'tcp', host: '0.0.0.0', port: 0 }] } });
    const url = house.url.replace('0.0.0.0', '127.0.0.1');
    expect((await ask(url, '/credentials', { headers: { Authorization: house.token } })).status).toBe(200);
    expect((await ask(url, '/credentials')).status).toBe(401);
    const token = await ask(url, '/latest/api/token', {
      method: 'PUT',
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    expect(token.status).toBe(404);
    expect(house.logs.find(({ level }) => level === 'warn')?.message).toBe(
      `${house.url} can be reached from other machines: whoever has the token gets credentials, over plain http; ` +
        'the metadata routes are not served there',
    );
  });

  test('health and metrics move to an address of their own', async () => {
    const house = await open({ serve: { adminListen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }] } });
    const admin = house.serving.adminListeners[0]?.name ?? '';
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await ask(admin, path, { headers: { Host: 'node-1.internal' } })).status).toBe(200);
      expect((await ask(house.url, path)).status).toBe(404);
      expect((await ask(admin, path, { method: 'POST' })).status).toBe(405);
    }
    for (const path of ['/credentials', rolesPath, '/latest/api/token']) {
      expect((await ask(admin, path, { headers: { Authorization: house.token } })).status).toBe(404);
    }
  });
});

test('metrics', async () => {
  const house = await open({ prepare: (sandbox) => sandbox.failNext({ status: 429 }), serve: { wait: true } });
  await house.serving.whenReady();
  await askImds(house.url, `${rolesPath}Worker`);
  await ask(house.url, '/a-path-of-the-client');
  const { body, headers } = await ask(house.url, '/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).not.toContain('a-path-of-the-client');
  const valueOf = (line: string): number =>
    Number(
      body
        .split('\n')
        .find((text) => text.startsWith(`${line} `))
        ?.split(' ')
        .at(-1),
    );
  expect(valueOf('roles_anywhere_build_info{version="1.2.3"}')).toBe(1);
  expect(valueOf('roles_anywhere_refreshes_total{profile="Worker",outcome="success",code=""}')).toBe(1);
  expect(valueOf('roles_anywhere_refreshes_total{profile="Worker",outcome="failure",code="SERVICE_THROTTLED"}')).toBe(
    1,
  );
  expect(valueOf('roles_anywhere_throttles_total')).toBe(1);
  expect(valueOf('roles_anywhere_create_session_duration_seconds_count')).toBe(2);
  expect(valueOf('roles_anywhere_requests_total{route="imds-token",status="200"}')).toBe(1);
  expect(valueOf('roles_anywhere_requests_total{route="unknown",status="404"}')).toBe(1);
  const expiry = valueOf('roles_anywhere_credentials_expiry_seconds{profile="Worker",role="Worker"}');
  expect(expiry).toBeGreaterThan(3500);
  expect(expiry).toBeLessThanOrEqual(3600);
  expect(valueOf('roles_anywhere_certificate_expiry_seconds{profile="Worker",role="Worker"}')).toBeGreaterThan(3600);
  expect(body).toContain('# TYPE roles_anywhere_failovers_total counter');
});

describe('reload', () => {
  const copy = (house: House, name: string, content: string): string => {
    const path = join(house.folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };

  test('reads certificate and key again, of another type too, and renews', async () => {
    const house = await open();
    const before = (await container(house)).body;
    const { certificate, privateKey } = await house.sandbox.ca.issueLeaf({ keyType: 'RSA-2048' });
    writeFileSync(house.sandbox.certificatePath, certificate);
    writeFileSync(house.sandbox.privateKeyPath, privateKey);
    expect(await house.serving.reload([{ profile: undefined, plan: planFor(house.sandbox) }])).toBe(0);
    expect((await container(house)).body).not.toBe(before);
    const renewed = house.logs.filter(({ message }) => message === 'credentials renewed');
    expect(renewed.at(-1)?.fields['serial']).not.toBe(renewed[0]?.fields['serial']);
  });

  test('goes on with the pair before when the new one cannot be used, and says so', async () => {
    const house = await open();
    const stranger = await house.sandbox.ca.issueLeaf();
    writeFileSync(house.sandbox.certificatePath, stranger.certificate);
    await house.serving.reload([{ profile: undefined, plan: planFor(house.sandbox) }]);
    expect((await container(house)).status).toBe(200);
    const warned = house.logs.find(
      ({ level, message }) => level === 'warn' && message.includes('those before are kept'),
    );
    expect(warned?.message).toContain('--private-key');
  });

  test('leaves what is held when the service refuses', async () => {
    const house = await open();
    const before = (await container(house)).body;
    house.sandbox.failNext({ status: 403 });
    expect(await house.serving.reload([{ profile: undefined, plan: planFor(house.sandbox) }])).toBe(1);
    expect(await container(house)).toMatchObject({ status: 200, body: before });
    expect(house.logs.find(({ level }) => level === 'error')?.message).toMatch(
      /^reload failed, what was there stays: /,
    );
  });

  test('takes over a profile that says something else', async () => {
    const house = await open({ sandbox: { roles: ['Worker', 'Keeper'] } });
    const { session } = planFor(house.sandbox).targets[0].request;
    const roleArn = session.roleArn.replace('Worker', 'Keeper');
    const leaf = await house.sandbox.ca.issueLeaf();
    const identity = {
      certificate: { option: '--certificate', kind: 'file', path: copy(house, 'new.pem', leaf.certificate) },
      privateKey: { option: '--private-key', kind: 'file', path: copy(house, 'new.key', leaf.privateKey) },
    } as const;
    const plan = planFor(house.sandbox, { session: { ...session, roleArn }, identity });
    expect(await house.serving.reload([{ profile: undefined, plan }])).toBe(0);
    expect((await askImds(house.url, rolesPath)).body).toBe('Keeper');
    expect((await askImds(house.url, `${rolesPath}Worker`)).status).toBe(404);
  });

  test('keeps the old role when the new one cannot be had', async () => {
    const house = await open();
    const { session } = planFor(house.sandbox).targets[0].request;
    const plan = planFor(house.sandbox, { session: { ...session, roleArn: `${session.roleArn}X` } });
    expect(await house.serving.reload([{ profile: undefined, plan }])).toBe(1);
    expect((await askImds(house.url, rolesPath)).body).toBe('Worker');
    expect((await container(house)).status).toBe(200);
    const error = house.logs.findLast(({ level }) => level === 'error');
    expect(error?.message).toMatch(/^reload failed, what was there stays: /);
    expect(error?.fields['code']).toBe('REFUSED_ROLE_NOT_IN_PROFILE');
  });
});

test('close stops accepting and lets what is under way finish', async () => {
  const house = await open();
  const { url } = house;
  const replies = Promise.all(Array.from({ length: 50 }, () => container(house)));
  const first = await container(house);
  await house.serving.close();
  expect(first.status).toBe(200);
  expect((await Promise.allSettled([replies])).length).toBe(1);
  await expect(ask(url, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
