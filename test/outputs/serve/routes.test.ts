import { beforeEach, describe, expect, test } from 'vitest';
import { answerRequest, type Routes } from '../../../src/outputs/serve/routes.ts';
import type { Answer } from '../../../src/outputs/serve/answer.ts';
import { ImdsTokens } from '../../../src/outputs/serve/imds-routes.ts';
import { roleDirectory, type ServedRole } from '../../../src/outputs/serve/served-role.ts';
import type { Credentials } from '../../../src/core/credentials.ts';

const credentials: Credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'session',
  expiration: new Date('2026-01-15T13:00:00.789Z'),
};
const authorization = 'the token of the container';

let current: Credentials | undefined;
let now: Date;
let routes: Routes;

function role(profile: string, roleName: string): ServedRole {
  return {
    profile,
    roleName,
    accountId: '111122223333',
    current: () =>
      current === undefined ? undefined : { credentials: current, renewedAt: new Date('2026-01-15T12:00:00.123Z') },
    lastFailure: () => 'SERVICE_THROTTLED',
  };
}

function serve(...roles: ServedRole[]): void {
  const directory = roleDirectory(roles);
  const shared = { directory: () => directory, now: () => now };
  routes = {
    imds: { ...shared, tokens: new ImdsTokens(() => 0) },
    container: { ...shared, isToken: (text) => text === authorization },
  };
}

beforeEach(() => {
  current = credentials;
  now = new Date('2026-01-15T12:30:00Z');
  serve(role('on-prem', 'Worker'), role('backup', 'Keeper'));
});

async function ask(method: string, url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return answerRequest({ method, url, rawHeaders: Object.entries(headers).flat() }, routes);
}

const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';

async function token(ttl = '60'): Promise<string> {
  return (await ask('PUT', '/latest/api/token', { [ttlHeader]: ttl })).body;
}

async function imds(url: string, method = 'GET') {
  const answer = await ask(method, url, { 'x-aws-ec2-metadata-token': await token() });
  return { ...answer, text: answer.body };
}

function answeredHeader({ headers }: Answer, name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name);
  return at === -1 ? undefined : headers[at + 1];
}

const list = '/latest/meta-data/iam/security-credentials';

describe('the token', () => {
  test.each(['1', '21600', '60'])('with a time to live of %s', async (ttl) => {
    for (const path of ['/latest/api/token', '/latest/api/token/', '//latest/api/token']) {
      const answer = await ask('PUT', path, { [ttlHeader]: ttl });
      expect(answer).toMatchObject({ status: 200, route: 'imds-token' });
      expect(answeredHeader(answer, ttlHeader)).toBe(ttl);
      expect(answeredHeader(answer, 'content-type')).toBe('text/plain');
    }
  });

  test.each([undefined, '', '0', '21601', '-1', '1.5', '1e3', ' 60', '60s', '999999999999999999999'])(
    'without a valid time to live, as with %s, is refused',
    async (ttl) => {
      const answer = await ask('PUT', '/latest/api/token', ttl === undefined ? {} : { [ttlHeader]: ttl });
      expect(answer.status).toBe(400);
    },
  );

  test.each(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'])('by %s is refused', async (method) => {
    const answer = await ask(method, '/latest/api/token', { [ttlHeader]: '60' });
    expect(answer.status).toBe(405);
    expect(answeredHeader(answer, 'allow')).toBe('PUT');
  });

  test('of a dated version is refused as by EC2', async () => {
    expect((await ask('PUT', '/2021-07-15/api/token', { [ttlHeader]: '60' })).status).toBe(403);
  });
});

describe('the metadata service', () => {
  test.each([list, `${list}/`, `/${list}`, `/${list}/`, `${list}-extended`, `${list}-extended/`])(
    'lists at %s',
    async (path) => {
      const answer = await imds(path);
      expect(answer).toMatchObject({ status: 200, text: 'Worker' });
      expect(answeredHeader(answer, ttlHeader)).toBe('60');
    },
  );

  test.each([`${list}/Worker`, `${list}/Worker/`, `/${list}/Worker`, `${list}/%57orker`, `${list}/on-prem`])(
    'gives the credentials at %s',
    async (path) => {
      const answer = await imds(path);
      expect(answer.status).toBe(200);
      expect(answer.text).toBe(
        '{"Code":"Success","LastUpdated":"2026-01-15T12:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE",' +
          '"SecretAccessKey":"secret","Token":"session","Expiration":"2026-01-15T13:00:00Z"}',
      );
      expect(answeredHeader(answer, ttlHeader)).toBe('60');
      expect(answeredHeader(answer, 'cache-control')).toBe('no-store');
    },
  );

  test('gives the account as well, where that is asked for', async () => {
    expect(JSON.parse((await imds(`${list}-extended/Worker`)).text)).toMatchObject({
      AccountId: '111122223333',
      AccessKeyId: 'ASIAEXAMPLE',
    });
    current = { ...credentials, sessionToken: 'another', accountId: '444455556666' };
    expect(JSON.parse((await imds(`${list}-extended/Worker`)).text)).toMatchObject({ AccountId: '444455556666' });
  });

  test.each([
    `${list}/worker`,
    `${list}/Nobody`,
    `${list}/%`,
    `${list}/Worker/x`,
    `${list}//Worker`,
    `${list}/../security-credentials/Worker`,
    `${list}/Worker%2f..`,
    `${list}/__proto__`,
    `${list}-extended/Nobody`,
    '/latest/meta-data/iam/info',
    '/latest/dynamic/instance-identity/document',
    '/latest/meta-data/',
    '/latest/user-data',
    '/latest',
    '/2021-07-15/meta-data/iam/security-credentials/',
  ])('%s is not found', async (path) => {
    const answer = await imds(path);
    expect(answer.status).toBe(404);
    expect(answeredHeader(answer, ttlHeader)).toBe('60');
  });

  test('without a token everything is unauthorized, whether it is there or not', async () => {
    for (const path of [list, `${list}/Worker`, '/latest/nothing', '/2021-07-15/meta-data/']) {
      expect((await ask('GET', path)).status).toBe(401);
      expect((await ask('GET', path, { 'x-aws-ec2-metadata-token': 'x'.repeat(56) })).status).toBe(401);
    }
  });

  test('HEAD is answered, other methods are not', async () => {
    expect((await imds(`${list}/Worker`, 'HEAD')).status).toBe(200);
    for (const method of ['PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      expect((await imds(`${list}/Worker`, method)).status).toBe(405);
    }
  });

  test('a query is not looked at', async () => {
    expect((await imds(`${list}/Worker?x=/../`)).status).toBe(200);
  });
});

describe('never an empty or an expired set', () => {
  test.each([
    ['there is nothing', undefined],
    ['the access key is empty', { ...credentials, accessKeyId: '' }],
    ['the secret key is empty', { ...credentials, secretAccessKey: '' }],
    ['the token is empty', { ...credentials, sessionToken: '' }],
    ['the set has expired', { ...credentials, expiration: new Date('2026-01-15T12:30:00Z') }],
    ['the expiry cannot be read', { ...credentials, expiration: new Date(Number.NaN) }],
  ])('%s', async (_name, set) => {
    current = set;
    for (const path of [`${list}/Worker`, `${list}-extended/Worker`]) {
      const answer = await imds(path);
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.text)).toEqual({
        Code: 'Failed',
        Message: 'there are no valid credentials at the moment',
        LastUpdated: '2026-01-15T12:30:00Z',
      });
    }
    const answer = await ask('GET', '/credentials', { authorization });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toEqual({
      Code: 'CredentialsUnavailable',
      Message: 'there are no valid credentials at the moment (SERVICE_THROTTLED)',
    });
  });

  test('a set that was good is not handed out once it has expired', async () => {
    expect((await imds(`${list}/Worker`)).status).toBe(200);
    now = credentials.expiration;
    expect((await imds(`${list}/Worker`)).status).toBe(503);
  });
});

describe('the container endpoint', () => {
  test.each(['/credentials', '/credentials/', '/credentials/on-prem', '/credentials/on-prem/', '//credentials'])(
    'gives the credentials at %s',
    async (path) => {
      const answer = await ask('GET', path, { authorization });
      expect(answer).toMatchObject({ status: 200, route: 'container' });
      expect(answeredHeader(answer, 'content-type')).toBe('application/json');
      expect(answer.body).toBe(
        '{"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret","Token":"session",' +
          '"Expiration":"2026-01-15T13:00:00Z","AccountId":"111122223333"}',
      );
    },
  );

  test.each([
    ['without a token', '/credentials', {}, 401, 'Unauthorized'],
    ['with another token', '/credentials', { authorization: 'another' }, 401, 'Unauthorized'],
    ['for an unknown profile, without a token', '/credentials/nobody', {}, 401, 'Unauthorized'],
    ['for an unknown profile', '/credentials/nobody', { authorization }, 404, 'NotFound'],
    ['for a role', '/credentials/Worker', { authorization }, 404, 'NotFound'],
    ['below a profile', '/credentials/on-prem/x', { authorization }, 404, 'NotFound'],
  ])('%s', async (_name, path, headers, status, code) => {
    const answer = await ask('GET', path, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ Code: code, Message: expect.any(String) as string });
    expect(answeredHeader(answer, 'content-type')).toBe('application/json');
  });

  test('other methods are refused', async () => {
    expect((await ask('POST', '/credentials', { authorization })).status).toBe(405);
  });

  test('a name that has to be encoded', async () => {
    serve(role('on prem', 'Worker'));
    expect((await ask('GET', '/credentials/on%20prem', { authorization })).status).toBe(200);
  });

  test('is not there without a token to compare with', async () => {
    routes = { imds: routes.imds };
    expect((await ask('GET', '/credentials', { authorization })).status).toBe(404);
  });
});

test('of several roles the first is listed, as no instance has more than one; all can be asked for', async () => {
  serve(role('on-prem', 'Worker'), role('logs', 'Reader'));
  expect((await imds(list)).text).toBe('Worker');
  for (const name of ['Worker', 'Reader', 'on-prem', 'logs']) expect((await imds(`${list}/${name}`)).status).toBe(200);
});

test('two roles of one name go by their profiles', async () => {
  serve(role('development', 'Deploy'), role('production', 'Deploy'), role('logs', 'Reader'));
  expect((await imds(list)).text).toBe('development');
  expect((await imds(`${list}/production`)).status).toBe(200);
  expect((await imds(`${list}/Deploy`)).status).toBe(404);
});

test.each(['http://127.0.0.1/latest/api/token', 'latest/api/token', '*', '', 'evil.example:80'])(
  'the target %s is no path',
  async (url) => {
    expect((await ask('GET', url)).status).toBe(400);
  },
);

test.each(['/', '/credentialsx', '/LATEST/api/token', '/healthz', '///latest/api/token', '/./latest/api/token'])(
  'the path %s is unknown',
  async (url) => {
    expect((await ask('GET', url)).status).toBe(404);
  },
);

test('no name leads to another profile than the one that is called so', () => {
  const directory = roleDirectory([role('app', 'R'), role('b', 'R'), role('c', 'app')]);
  expect(directory.firstName).toBe('app');
  expect(['app', 'b', 'c'].map((name) => directory.byName(name)?.profile)).toEqual(['app', 'b', 'c']);
});
