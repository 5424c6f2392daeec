import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, askRaw, imdsToken } from '../../support/ask-server.ts';
import { type ServedSandbox, type ServedSandboxOptions, serveSandbox } from './served-sandbox.ts';

const me = process.getuid?.() ?? 0;
let server: ServedSandbox | undefined;

const open = async (serve: ServedSandboxOptions['serve']): Promise<ServedSandbox> =>
  (server = await serveSandbox({ serve: serve ?? {} }));
afterEach(() => server?.close());

/** Another user asks for a token of the metadata service; gives the status. Root alone can become somebody else. */
async function askAs(uid: number, url: string): Promise<string> {
  const program = `require('http').request(process.argv[1] + '/latest/api/token', { method: 'PUT', headers: {
    'X-aws-ec2-metadata-token-ttl-seconds': '60' } }, (r) => { console.log(r.statusCode); r.resume(); }).end()`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', program, url], { uid, gid: uid, cwd: '/' });
  return stdout.trim();
}

describe.runIf(process.platform === 'linux')('--allow-uid', () => {
  test('lets in the users that it names', async () => {
    const { url } = await open({ allowUids: [me + 1, me] });
    expect(await imdsToken(url)).toHaveLength(56);
  });

  test('lets in nobody else', async () => {
    const { url, token, logs } = await open({ allowUids: [me + 1] });
    for (const path of ['/latest/api/token', '/credentials', '/healthz']) {
      const { status, body } = await ask(url, path, { headers: { Authorization: token } });
      expect(status).toBe(403);
      expect(JSON.parse(body)).toEqual({ Code: 'Forbidden', Message: 'the user of the other end may not connect' });
    }
    expect(logs.some(({ message }) => message.includes('the user of the other end may not connect'))).toBe(true);
  });

  test.runIf(me === 0 && !process.execPath.startsWith('/root'))('tells other users apart', async () => {
    const { url } = await open({ allowUids: [12_345] });
    expect([await askAs(12_345, url), await askAs(12_346, url)]).toEqual(['200', '403']);
  });

  test('with it, addresses that other machines reach serve the metadata too, to users of this machine', async () => {
    const { url } = await open({ allowUids: [me], listen: [{ kind: 'tcp', host: '0.0.0.0', port: 0 }] });
    expect(await imdsToken(url.replace('0.0.0.0', '127.0.0.1'))).toHaveLength(56);
  });

  test('a client that closes its sending side is answered as well', async () => {
    const { url } = await open({ allowUids: [me] });
    const lines = 'Host: localhost\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n';
    expect(await askRaw(url, `PUT /latest/api/token HTTP/1.0\r\n${lines}\r\n`, false)).toMatch(
      /^HTTP\/1\.1 200 OK\r\n/,
    );
  });

  test('the kernel has the tables that are read', () => {
    expect(readFileSync('/proc/net/tcp', 'utf8')).toContain('local_address');
  });
});
