import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { askRaw, imdsToken, rolesPath } from '../support/ask-server.ts';
import { executable } from '../support/command.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';

let sandbox: Sandbox;
let command: RunningCommand;
let url: string;
let token: string;

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['Worker'] });
  command = startCommand(['serve', '--port', '0'], { env: sandbox.environment });
  url = (await command.said(/listening on (http:\S+)/))[1] ?? '';
  token = await imdsToken(url);
});
afterAll(async () => {
  await command.stop();
  await sandbox.close();
});

const host = 'Host: 127.0.0.1\r\n';
const ends = 'Connection: close\r\n';
const many = Array.from({ length: 250 }, (_, at) => `p${at}: x\r\n`).join('');

/** Statuses in the order of the answers; on the executable those that follow, where it differs: docs/serve.md names them. */
const cases: readonly (readonly [name: string, request: string, ...statuses: string[]])[] = [
  ['a request', `GET PATH HTTP/1.1\r\n${host}${ends}TOKEN\r\n`, '200'],
  ['two on one connection', `GET PATH HTTP/1.1\r\n${host}TOKEN\r\nGET PATH HTTP/1.1\r\n${host}${ends}\r\n`, '200 401'],
  ['no Host', `GET PATH HTTP/1.1\r\n${ends}TOKEN\r\n`, '200'],
  ['two Hosts', `GET PATH HTTP/1.1\r\n${host}${host}${ends}TOKEN\r\n`, '400'],
  ['a Host of nothing', `GET PATH HTTP/1.1\r\nHost:\r\n${ends}TOKEN\r\n`, '403'],
  ['a Host elsewhere', `GET PATH HTTP/1.1\r\nHost: attacker.example\r\n${ends}TOKEN\r\n`, '403'],
  ['a target for a proxy', `GET http://127.0.0.1PATH HTTP/1.1\r\n${host}${ends}TOKEN\r\n`, '400'],
  ['a target of another machine', `GET http://attacker.examplePATH HTTP/1.1\r\n${host}${ends}TOKEN\r\n`, '400'],
  ['dots', `GET /latest/%2e%2ePATH HTTP/1.1\r\n${host}${ends}TOKEN\r\n`, '404'],
  ['a body of nothing', `GET PATH HTTP/1.1\r\n${host}${ends}TOKENContent-Length: 0\r\n\r\n`, '200'],
  ['its length twice', `GET PATH HTTP/1.1\r\n${host}${ends}TOKENContent-Length: 0\r\nContent-Length: 0\r\n\r\n`, '400'],
  ['two lengths', `GET PATH HTTP/1.1\r\n${host}${ends}TOKENContent-Length: 0\r\nContent-Length: 4\r\n\r\n`, '400'],
  ['a length with a sign', `GET PATH HTTP/1.1\r\n${host}${ends}TOKENContent-Length: +0\r\n\r\n`, '400'],
  [
    'a length, and pieces',
    `GET PATH HTTP/1.1\r\n${host}${ends}TOKENContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    '400',
  ],
  ['pieces of nothing', `GET PATH HTTP/1.1\r\n${host}${ends}TOKENTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '200'],
  ['an unknown coding', `GET PATH HTTP/1.1\r\n${host}${ends}TOKENTransfer-Encoding: gzip\r\n\r\n`, '400'],
  ['a space before the colon', `GET PATH HTTP/1.1\r\nHost : 127.0.0.1\r\n${ends}TOKEN\r\n`, '400'],
  ['a folded header', `GET PATH HTTP/1.1\r\n${host}${ends}X-A: 1\r\n X-Forwarded-For: 1\r\nTOKEN\r\n`, '400'],
  ['a bare line feed', `GET PATH HTTP/1.1\n${host}${ends}TOKEN\r\n`, '400'],
  ['a null in a value', `GET PATH HTTP/1.1\r\n${host}${ends}X-A: a\u0000b\r\nTOKEN\r\n`, '400'],
  ['a proxy behind 250 headers', `GET PATH HTTP/1.1\r\n${host}${ends}TOKEN${many}Via: 1.1 p\r\n\r\n`, '403', '431'],
  ['HTTP/1.0', `GET PATH HTTP/1.0\r\n${host}TOKEN\r\n`, '200'],
  [
    'HTTP/1.0 on a connection to be kept',
    `GET PATH HTTP/1.0\r\n${host}TOKENConnection: keep-alive\r\n\r\nGET PATH HTTP/1.0\r\n${host}\r\n`,
    '200 401',
    '200',
  ],
  ['HTTP/2.0', `GET PATH HTTP/2.0\r\n${host}${ends}TOKEN\r\n`, '400'],
  ['HTTP/0.9', 'GET PATH\r\n\r\n', '400'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'],
  ['a method of a proxy', `CONNECT a.example:443 HTTP/1.1\r\n${host}\r\n`, '405'],
  ['an upgrade', `GET PATH HTTP/1.1\r\n${host}Connection: upgrade, close\r\nUpgrade: websocket\r\nTOKEN\r\n`, '200'],
];

test.each(cases)('%s', async (_name, request, onNode, onExecutable = onNode) => {
  const bytes = request
    .replaceAll('PATH', `${rolesPath}Worker`)
    .replaceAll('TOKEN', `X-aws-ec2-metadata-token: ${token}\r\n`);
  const answer = await askRaw(url, bytes);
  const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status).join(' ');
  expect(statuses).toBe(executable === undefined ? onNode : onExecutable);
});

test('a client that closes its sending side is answered', async () => {
  const request = `GET ${rolesPath}Worker HTTP/1.1\r\n${host}X-aws-ec2-metadata-token: ${token}\r\n\r\n`;
  expect(await askRaw(url, request, false)).toMatch(/^HTTP\/1\.1 200 /);
});
