import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { SigningIdentity } from '../../../src/identity/identity.ts';
import { createSession, type SessionContext } from '../../../src/aws/create-session/create-session.ts';
import { directTransport } from '../../../src/aws/http/open-transport.ts';
import type { SessionRequest } from '../../../src/aws/create-session/session-request.ts';
import type { TraceEvent } from '../../../src/aws/create-session/trace.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../../support/openssl.ts';
import { opensslVerifies } from '../../support/openssl-verify.ts';
import { rejectionOf } from '../../support/thrown.ts';
import {
  answer,
  readRequest,
  startScriptedServer,
  type ReceivedRequest,
  type ScriptedServer,
} from '../http/scripted-server.ts';
import { identityOf } from './test-identity.ts';

const request: SessionRequest = {
  trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a',
  profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p',
  roleArn: 'arn:aws:iam::111122223333:role/Name=With+Odd,Characters@here',
  region: 'eu-west-1',
};
const secrets = ['secret-access-key-hunter2', 'session-token-hunter3'];
const granted = JSON.stringify({
  credentialSet: [
    {
      assumedRoleUser: {
        arn: 'arn:aws:sts::111122223333:assumed-role/Name=With+Odd,Characters@here/s',
        assumedRoleId: 'AROA:s',
      },
      credentials: {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: secrets[0],
        sessionToken: secrets[1],
        expiration: '2026-06-01T13:00:00Z',
      },
      packedPolicySize: 1,
      roleArn: request.roleArn,
    },
  ],
  subjectArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:subject/s',
});

let folder: string;
let identity: SigningIdentity;
beforeAll(() => {
  folder = makeFolder();
  const root = makeCa(folder, 'root');
  const sub = makeCa(folder, 'sub', { issuer: root });
  identity = identityOf(makeLeaf(folder, 'leaf', sub), [sub]);
});
afterAll(() => removeFolder(folder));

const servers: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Run {
  readonly port: number;
  readonly received: readonly ReceivedRequest[];
  readonly trace: readonly TraceEvent[];
  readonly waits: readonly number[];
  connections(): number;
  open(): number;
  /** Asks for a session; the clock moves on by a second at each look. */
  ask(changes?: {
    request?: Partial<SessionRequest>;
    maxAttempts?: number;
    prefix?: string;
  }): ReturnType<typeof createSession>;
}

/** A server that gives these answers one after the other, the last one for ever; `undefined` drops the connection. */
async function serve(...answers: readonly (string | undefined)[]): Promise<Run> {
  const received: ReceivedRequest[] = [];
  const server = await startScriptedServer(async (socket) => {
    received.push(await readRequest(socket));
    const bytes = answers[Math.min(received.length, answers.length) - 1];
    if (bytes === undefined) socket.destroy();
    else socket.write(bytes);
  });
  servers.push(server);
  const trace: TraceEvent[] = [];
  const waits: number[] = [];
  let seconds = 0;
  const context: SessionContext = {
    now: () => new Date(Date.UTC(2026, 5, 1, 12, 0, seconds++)),
    random: () => 0.5,
    sleep: async (milliseconds) => void waits.push(milliseconds),
    userAgent: 'roles-anywhere/0.1.0',
    trace: (event) => void trace.push(event),
  };
  return {
    port: server.port,
    received,
    trace,
    waits,
    connections: () => server.connections(),
    open: () => server.open(),
    ask({ request: changed = {}, maxAttempts = 3, prefix = '' } = {}) {
      const endpoint = new URL(`http://127.0.0.1:${server.port}${prefix}`);
      const transport = directTransport({
        verify: true,
        connectTimeout: 20_000,
        requestTimeout: 20_000,
        maxBodyBytes: 10_000,
      });
      const connection = transport.connect(endpoint);
      return createSession(
        { ...request, ...changed },
        identity,
        { endpoint, transport, connection, network: { maxAttempts } },
        context,
      );
    },
  };
}

describe('the request', () => {
  it('has the ARNs in the body, and nothing that was not asked for', async () => {
    const run = await serve(answer(201, granted));

    await run.ask();

    const { requestLine, headers, body } = run.received[0] ?? { requestLine: '', headers: {}, body: '' };
    expect(requestLine).toBe('POST /sessions HTTP/1.1');
    expect(JSON.parse(body)).toEqual({
      trustAnchorArn: request.trustAnchorArn,
      profileArn: request.profileArn,
      roleArn: request.roleArn,
    });
    expect(headers).toMatchObject({
      host: `127.0.0.1:${run.port}`,
      'content-type': 'application/json',
      'user-agent': 'roles-anywhere/0.1.0',
      connection: 'close',
    });
    expect(headers['authorization']).toContain(
      ' SignedHeaders=content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain, ',
    );
  });

  it('has the duration as a number, and the session name', async () => {
    const run = await serve(answer(201, granted));

    await run.ask({ request: { durationSeconds: 900, roleSessionName: 'session' } });

    expect(JSON.parse(run.received[0]?.body ?? '')).toMatchObject({ durationSeconds: 900, roleSessionName: 'session' });
  });

  it.each([
    ['/', '/sessions'],
    ['/prefix', '/prefix/sessions'],
    ['/a/b/', '/a/b/sessions'],
  ])('goes below the path %s of the endpoint', async (prefix, target) => {
    const run = await serve(answer(201, granted));

    await run.ask({ prefix });

    expect(run.received[0]?.requestLine).toBe(`POST ${target} HTTP/1.1`);
  });

  it('is signed for the region asked for, which need not be in the host', async () => {
    const run = await serve(answer(201, granted));

    await run.ask({ request: { region: 'us-east-1' } });

    expect(run.received[0]?.headers['authorization']).toContain('/20260601/us-east-1/rolesanywhere/aws4_request,');
  });
});

it('gives the credentials', async () => {
  const run = await serve(answer(200, granted));

  expect(await run.ask()).toEqual({
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: secrets[0],
    sessionToken: secrets[1],
    expiration: new Date('2026-06-01T13:00:00Z'),
    accountId: '111122223333',
  });
  expect(run.connections()).toBe(1);
});

describe('attempts', () => {
  it('are signed anew, each over a connection of its own', async () => {
    const run = await serve(answer(503, ''), undefined, answer(201, granted));

    expect((await run.ask()).accessKeyId).toBe('ASIAEXAMPLE');

    const dates = run.received.map(({ headers }) => headers['x-amz-date']);
    expect(new Set(dates).size).toBe(3);
    expect(run.connections()).toBe(3);
    const signed = run.trace.filter((event) => event.kind === 'signed');
    for (const [index, { stringToSign }] of signed.entries()) {
      const headers = run.received[index]?.headers ?? {};
      const signature = headers['authorization']?.split('Signature=')[1] ?? '';
      expect(stringToSign.split('\n')[1]).toBe(dates[index]);
      expect(opensslVerifies(headers['x-amz-x509'] ?? '', stringToSign, signature)).toBe(true);
    }
    expect(run.waits).toEqual([50, 100]);
  });

  it('end with the number that was told', async () => {
    const run = await serve(
      answer(429, '{"message":"Rate exceeded"}', { 'x-amzn-requestid': 'id-9', 'retry-after': '2' }),
    );

    const error = await rejectionOf(run.ask({ maxAttempts: 2 }));

    expect(error).toMatchObject({
      code: 'SERVICE_THROTTLED',
      message: 'the service is asked too often: Rate exceeded (status 429, request id id-9), at the last of 2 attempts',
      requestId: 'id-9',
    });
    expect(run.connections()).toBe(2);
    expect(run.waits).toEqual([2000]);
  });

  it('may be a single one', async () => {
    const run = await serve(undefined);

    expect((await rejectionOf(run.ask({ maxAttempts: 1 }))).code).toBe('NETWORK_UNREACHABLE');
    expect(run.connections()).toBe(1);
    expect(run.waits).toEqual([]);
  });

  it.each([
    ['a refusal', answer(403, '{"message":"Invalid signature"}'), 'REFUSED_SIGNATURE'],
    ['a request that is wrong', answer(400, '{"__type":"ValidationException"}'), 'REFUSED_VALIDATION'],
    ['what is not there', answer(404, '{}'), 'REFUSED_OTHER'],
    ['a redirect', answer(302, '', { location: 'https://login.test' }), 'RESPONSE_REDIRECT'],
    ['an answer that is none', 'SSH-2.0-x\r\n', 'RESPONSE_INVALID'],
    ['an answer that is too large', answer(201, 'x'.repeat(10_001)), 'RESPONSE_TOO_LARGE'],
    ['an empty set', answer(201, '{"credentialSet":[]}'), 'RESPONSE_EMPTY'],
    ['another role', answer(201, granted.replaceAll('Odd', 'Even')), 'RESPONSE_OTHER_ROLE'],
    ['credentials that expired', answer(201, granted.replace('2026-06-01T13', '2026-06-01T11')), 'RESPONSE_EXPIRED'],
    ['an answer without a body', answer(204, ''), 'RESPONSE_INVALID'],
  ])('stop at %s', async (_, bytes, code) => {
    const run = await serve(bytes);

    const error = await rejectionOf(run.ask());

    expect(error.code).toBe(code);
    expect(run.connections()).toBe(1);
    expect(run.waits).toEqual([]);
    for (const secret of secrets) expect(`${error.stack} ${error.hints.join(' ')}`).not.toContain(secret);
  });

  it('stop at what the signer throws, and leave no connection open', async () => {
    const run = await serve(answer(201, granted));
    const good = identity;
    const sign = async (): Promise<never> => {
      await expect.poll(() => run.connections() === 1).toBe(true);
      throw new Error('token removed');
    };
    identity = { ...good, signer: { algorithm: 'RSA', sign } };

    await expect(run.ask()).rejects.toThrow('token removed');

    identity = good;
    expect(run.received).toEqual([]);
    await expect.poll(() => run.open()).toBe(0);
  });
});

describe('the trace', () => {
  it('tells what was done, and no secret', async () => {
    const run = await serve(
      answer(500, '{"message":"x"}', { 'x-amzn-requestid': 'id-1' }),
      answer(201, granted, { 'x-amzn-requestid': 'id-2' }),
    );

    await run.ask();

    expect(run.trace).toMatchObject([
      { kind: 'endpoint', url: `http://127.0.0.1:${run.port}/`, proxy: undefined },
      { kind: 'signed', attempt: 1 },
      { kind: 'answered', attempt: 1, status: 500, requestId: 'id-1', elapsedMs: expect.any(Number) },
      {
        kind: 'failed',
        attempt: 1,
        code: 'SERVICE_UNAVAILABLE',
        message: 'the service could not answer: x (status 500, request id id-1)',
        elapsedMs: expect.any(Number),
      },
      { kind: 'waiting', attempt: 1, delayMs: 50 },
      { kind: 'signed', attempt: 2 },
      { kind: 'answered', attempt: 2, status: 201, requestId: 'id-2' },
    ]);
    for (const secret of secrets) expect(JSON.stringify(run.trace)).not.toContain(secret);
  });

  it('tells the failure that ends it', async () => {
    const run = await serve(answer(403, '{"message":"Certificate revoked"}'));

    await rejectionOf(run.ask());

    expect(run.trace.at(-1)).toMatchObject({ kind: 'failed', attempt: 1, code: 'REFUSED_REVOKED' });
  });
});
