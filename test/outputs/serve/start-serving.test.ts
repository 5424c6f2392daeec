import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemCodeOf } from '../../../src/core/errno.ts';
import type { Sandbox } from '../../../src/sandbox/index.ts';
import { type SilentService, startSilentService } from '../../support/silent-service.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { ask, askImds, rolesPath } from '../../support/ask-server.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type ServedSandbox, type ServedSandboxOptions, serveSandbox, planFor, sessionsOf } from './served-sandbox.ts';

const servers: ServedSandbox[] = [];

async function open(options: ServedSandboxOptions = {}): Promise<ServedSandbox> {
  const server = await serveSandbox(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const container = (server: ServedSandbox, path = '/credentials') =>
  ask(server.url, path, { headers: { Authorization: server.token } });

test('both endpoints hand out the same set, which STS takes', async () => {
  const server = await open();
  const imds = JSON.parse((await askImds(server.url, `${rolesPath}Worker`)).body) as Record<string, string>;
  const other = JSON.parse((await container(server)).body) as Record<string, string>;
  expect(imds).toMatchObject({ Code: 'Success', AccessKeyId: other['AccessKeyId'], Token: other['Token'] });
  expect(sessionsOf(server)).toBe(1);
});

test('a thousand requests at once cause no CreateSession and wait for none', async () => {
  const server = await open();
  // Whatever would ask the service now would wait for a minute.
  server.sandbox.failNext({ delay: 60_000, times: 1000 });
  const replies = await Promise.all(Array.from({ length: 1000 }, () => container(server)));
  expect(replies.every(({ status }) => status === 200)).toBe(true);
  expect(new Set(replies.map(({ body }) => body)).size).toBe(1);
  expect(sessionsOf(server)).toBe(1);
});

test('a renewal says who, which, until when, and nothing secret', async () => {
  const server = await open();
  const [line] = server.logs;
  const { session, requestId } = server.sandbox.requests[0] ?? {};
  expect(session?.roleArn).toBe(server.sandbox.roleArn);
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
  const server = await open();
  const imds = await askImds(server.url, `${rolesPath}Worker`);
  await ask(server.url, '/credentials', { headers: { Authorization: 'a wrong secret' } });
  await ask(server.url, '/latest/a-secret-path', { headers: { 'X-aws-ec2-metadata-token': 'a wrong token' } });
  const { SecretAccessKey, Token } = JSON.parse(imds.body) as Record<string, string>;
  const said = JSON.stringify(server.logs);
  expect(server.logs.length).toBeGreaterThan(4);
  for (const secret of [SecretAccessKey, Token, server.token, 'a wrong secret', 'a-secret-path', 'a wrong token']) {
    expect(said).not.toContain(secret);
  }
});

test('several profiles have a role each, and each its own set', async () => {
  const server = await open({
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
  expect((await askImds(server.url, rolesPath)).body).toBe('Worker');
  const keyOf = ({ body }: { body: string }) => (JSON.parse(body) as { AccessKeyId: string }).AccessKeyId;
  const [worker, keeper] = [
    await askImds(server.url, `${rolesPath}Worker`),
    await askImds(server.url, `${rolesPath}Keeper`),
  ];
  expect(keyOf(worker)).not.toBe(keyOf(keeper));
  expect(keyOf(await container(server))).toBe(keyOf(worker));
  expect(keyOf(await container(server, '/credentials/backup'))).toBe(keyOf(keeper));
});

describe('start', () => {
  test('fails when the first set cannot be had, and leaves nothing open', async () => {
    const error = await rejectionOf(open({ prepare: (sandbox) => sandbox.failNext({ status: 403, times: 9 }) }));
    expect(error.code).toMatch(/^REFUSED_/);
  });

  test('fails when one of several roles cannot be had', async () => {
    const plans: ServedSandboxOptions['plans'] = (sandbox) => [
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
    // It stands still: there is no second attempt before it is told to go on.
    const clock = fakeClock();
    const server = await open({
      clock,
      serve: { wait: true },
      prepare: (sandbox) => sandbox.failNext({ status: 503 }),
    });
    expect((await askImds(server.url, `${rolesPath}Worker`)).status).toBe(503);
    expect((await container(server)).status).toBe(503);
    const notReady = await ask(server.url, '/readyz');
    expect(notReady.status).toBe(503);
    expect(JSON.parse(notReady.body)).toMatchObject({ ready: false });
    expect((await ask(server.url, '/healthz')).status).toBe(200);
    await expect
      .poll(() => server.logs.some(({ level, message }) => level === 'error' && message.startsWith('renewal failed: ')))
      .toBe(true);
    await clock.advance(60_000);
    await server.serving.whenReady();
    expect((await ask(server.url, '/readyz')).status).toBe(200);
    expect((await container(server)).status).toBe(200);
  });
});

test('a role that has no set yet can be replaced by one that works', async () => {
  const wrong = (roleArn: string): string => `${roleArn}X`;
  const server = await open({
    serve: { wait: true },
    plans: (sandbox) => {
      const { session } = planFor(sandbox).targets[0].request;
      return [{ profile: 'p', plan: planFor(sandbox, { session: { ...session, roleArn: wrong(session.roleArn) } }) }];
    },
  });
  expect((await container(server)).status).toBe(503);
  expect(await server.serving.reload([{ profile: 'p', plan: planFor(server.sandbox) }])).toBe(0);
  await server.serving.whenReady();
  expect((await container(server)).status).toBe(200);
});

describe('addresses', () => {
  test('[::1] and a Unix socket, several at once', async () => {
    const server = await open({
      serve: {
        listen: [
          { kind: 'tcp', host: '127.0.0.1', port: 0 },
          { kind: 'tcp', host: '::1', port: 0 },
        ],
      },
    });
    const [four, six] = server.serving.listeners.map(({ name }) => name);
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
    const server = await open({ serve: { listen: [{ kind: 'tcp', host: '0.0.0.0', port: 0 }] } });
    const url = server.url.replace('0.0.0.0', '127.0.0.1');
    expect((await ask(url, '/credentials', { headers: { Authorization: server.token } })).status).toBe(200);
    expect((await ask(url, '/credentials')).status).toBe(401);
    const token = await ask(url, '/latest/api/token', {
      method: 'PUT',
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    expect(token.status).toBe(404);
    expect(server.logs.find(({ level }) => level === 'warn')?.message).toBe(
      `${server.url} can be reached from other machines: whoever has the token gets credentials, over plain http; ` +
        'the metadata routes are not served there',
    );
  });

  test('health and metrics move to an address of their own', async () => {
    const server = await open({ serve: { adminListen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }] } });
    const admin = server.serving.adminListeners[0]?.name ?? '';
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await ask(admin, path, { headers: { Host: 'node-1.internal' } })).status).toBe(200);
      expect((await ask(server.url, path)).status).toBe(404);
      expect((await ask(admin, path, { method: 'POST' })).status).toBe(405);
    }
    for (const path of ['/credentials', rolesPath, '/latest/api/token']) {
      expect((await ask(admin, path, { headers: { Authorization: server.token } })).status).toBe(404);
    }
  });
});

test('metrics', async () => {
  const server = await open({ prepare: (sandbox) => sandbox.failNext({ status: 429 }), serve: { wait: true } });
  await server.serving.whenReady();
  await askImds(server.url, `${rolesPath}Worker`);
  await ask(server.url, '/a-path-of-the-client');
  const { body, headers } = await ask(server.url, '/metrics');
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

test('the cause of a refusal is in the log and in the metrics, with what to do', async () => {
  const refused = { operation: 'CreateSession', status: 403, message: 'Untrusted signing certificate' } as const;
  const server = await open({ prepare: (sandbox) => sandbox.failNext(refused), serve: { wait: true } });
  await server.serving.whenReady();
  const line = server.logs.find(({ message }) => message.startsWith('renewal failed: '));
  expect(line?.fields).toMatchObject({ code: 'REFUSED_UNTRUSTED', cause: 'path' });
  expect(line?.fields['hints']).toContain('the trust anchor must hold the certificate of ');
  const { body } = await ask(server.url, '/metrics');
  expect(body).toContain('roles_anywhere_refusals_total{profile="Worker",cause="path"} 1\n');
});

describe('reload', () => {
  const copy = (server: ServedSandbox, name: string, content: string): string => {
    const path = join(server.folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };

  test('reads certificate and key again, of another type too, and renews', async () => {
    const server = await open();
    const before = (await container(server)).body;
    const { certificate, privateKey } = await server.sandbox.ca.issueLeaf({ keyType: 'RSA-2048' });
    writeFileSync(server.sandbox.certificatePath, certificate);
    writeFileSync(server.sandbox.privateKeyPath, privateKey);
    expect(await server.serving.reload([{ profile: undefined, plan: planFor(server.sandbox) }])).toBe(0);
    expect((await container(server)).body).not.toBe(before);
    const renewed = server.logs.filter(({ message }) => message === 'credentials renewed');
    expect(renewed.at(-1)?.fields['serial']).not.toBe(renewed[0]?.fields['serial']);
  });

  test('goes on with the pair before when the new one cannot be used, and says so', async () => {
    const server = await open();
    const stranger = await server.sandbox.ca.issueLeaf();
    writeFileSync(server.sandbox.certificatePath, stranger.certificate);
    await server.serving.reload([{ profile: undefined, plan: planFor(server.sandbox) }]);
    expect((await container(server)).status).toBe(200);
    const warned = server.logs.find(
      ({ level, message }) => level === 'warn' && message.includes('those before are kept'),
    );
    expect(warned?.message).toContain('--private-key');
  });

  test('leaves the current set when the service refuses', async () => {
    const server = await open();
    const before = (await container(server)).body;
    server.sandbox.failNext({ status: 403 });
    expect(await server.serving.reload([{ profile: undefined, plan: planFor(server.sandbox) }])).toBe(1);
    expect(await container(server)).toMatchObject({ status: 200, body: before });
    expect(server.logs.find(({ level }) => level === 'error')?.message).toMatch(
      /^reload failed, what was there stays: /,
    );
  });

  test('takes over a profile that says something else', async () => {
    const server = await open({ sandbox: { roles: ['Worker', 'Keeper'] } });
    const { session } = planFor(server.sandbox).targets[0].request;
    const roleArn = session.roleArn.replace('Worker', 'Keeper');
    const leaf = await server.sandbox.ca.issueLeaf();
    const identity = {
      certificate: { option: '--certificate', kind: 'file', path: copy(server, 'new.pem', leaf.certificate) },
      privateKey: { option: '--private-key', kind: 'file', path: copy(server, 'new.key', leaf.privateKey) },
    } as const;
    const plan = planFor(server.sandbox, { session: { ...session, roleArn }, identity });
    expect(await server.serving.reload([{ profile: undefined, plan }])).toBe(0);
    expect((await askImds(server.url, rolesPath)).body).toBe('Keeper');
    expect((await askImds(server.url, `${rolesPath}Worker`)).status).toBe(404);
  });

  test('keeps the old role when the new one cannot be had', async () => {
    const server = await open();
    const { session } = planFor(server.sandbox).targets[0].request;
    const plan = planFor(server.sandbox, { session: { ...session, roleArn: `${session.roleArn}X` } });
    expect(await server.serving.reload([{ profile: undefined, plan }])).toBe(1);
    expect((await askImds(server.url, rolesPath)).body).toBe('Worker');
    expect((await container(server)).status).toBe(200);
    const error = server.logs.findLast(({ level }) => level === 'error');
    expect(error?.message).toMatch(/^reload failed, what was there stays: /);
    expect(error?.fields['code']).toBe('REFUSED_ROLE_NOT_IN_PROFILE');
  });
});

describe('reload while the service of another profile does not answer', () => {
  let silent: SilentService;
  beforeAll(async () => {
    silent = await startSilentService();
  });
  afterAll(() => silent.close());

  /** Of two profiles the first is to have another role, the second one of a service that does not answer. */
  const reloading = async () => {
    const plans = (sandbox: Sandbox) => ['first', 'second'].map((profile) => ({ profile, plan: planFor(sandbox) }));
    const server = await open({ sandbox: { roles: ['Worker', 'Keeper'] }, plans });
    const { session, endpoint, network } = planFor(server.sandbox).targets[0].request;
    const keeper = { session: { ...session, roleArn: session.roleArn.replace('Worker', 'Keeper') } };
    const stuck = {
      endpoint: { ...endpoint, custom: { url: silent.url, option: '--endpoint' } },
      network: { ...network, requestTimeout: 3_600_000 },
    };
    const asked = silent.asked();
    const reload = server.serving.reload([
      { profile: 'first', plan: planFor(server.sandbox, keeper) },
      { profile: 'second', plan: planFor(server.sandbox, stuck) },
    ]);
    return { server, reload, socket: await asked };
  };

  const takenOver = async (server: ServedSandbox): Promise<void> => {
    await expect.poll(async () => (await askImds(server.url, rolesPath)).body).toBe('Keeper');
  };

  test('the new role takes its place once it has credentials', async () => {
    const { server } = await reloading();
    await takenOver(server);
    const keyOf = ({ body }: { body: string }) => (JSON.parse(body) as { AccessKeyId: string }).AccessKeyId;
    const first = keyOf(await container(server, '/credentials/first'));
    expect(keyOf(await askImds(server.url, `${rolesPath}Keeper`))).toBe(first);
    expect(keyOf(await container(server, '/credentials/second'))).not.toBe(first);
  });

  test('close ends what is to take a place, too', async () => {
    const { server, reload, socket } = await reloading();
    await takenOver(server);
    const hungUp = once(socket, 'close');
    await server.serving.close();
    await hungUp;
    expect(await reload).toBe(1);
    expect(server.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

test('close stops accepting and lets what is under way finish', async () => {
  const server = await open();
  const { url } = server;
  const replies = Promise.allSettled(Array.from({ length: 50 }, () => container(server)));
  const first = await container(server);
  await server.serving.close();
  expect(first.status).toBe(200);
  const ends = (await replies).map((reply) =>
    reply.status === 'fulfilled' ? reply.value.status : systemCodeOf(reply.reason),
  );
  // A connection that nobody had accepted yet is not; all others are answered.
  const known = new Set<unknown>([200, 'ECONNRESET', 'ECONNREFUSED', 'EPIPE']);
  expect(ends.filter((end) => !known.has(end))).toEqual([]);
  await expect(ask(url, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
