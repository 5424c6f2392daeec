import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { runCommand } from '../support/command.ts';
import { startCommand } from '../support/running-command.ts';
import { pipeList } from './file-lists.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

/** FILE_ALL_ACCESS */
const everything = 0x1f01ff;

/** The token of IMDSv2, asked for through a pipe. */
function askToken(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'localhost', 'X-aws-ec2-metadata-token-ttl-seconds': '60' };
    const asked = request({ socketPath, method: 'PUT', path: '/latest/api/token', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('serve', () => {
  test('listens on a named pipe', async () => {
    const pipe = `\\\\.\\pipe\\roles-anywhere-${process.pid}`;
    const serve = startCommand(['serve', '--listen', pipe], { env: { ...sandbox.environment } });
    await serve.said(/listening on \\\\\.\\pipe\\roles-anywhere-/);
    expect(await askToken(pipe)).toBe(200);
    const { user, rights } = await pipeList(pipe);
    expect(rights).toEqual({ [user]: everything });
    expect(await askToken(pipe)).toBe(200);
    expect(serve.stderr()).not.toContain('access list');
    await serve.stop();
  });

  test.each(['unix:C:\\run\\socket', './socket', 'C:\\run\\socket'])(
    '%s is answered with what there is instead',
    async (address) => {
      const { stderr } = await runCommand(['serve', '--listen', address], { env: sandbox.environment });
      expect(stderr).toBe(
        `roles-anywhere: --listen: ${address}: Node has no Unix sockets on Windows\nhint: give a named pipe, as \\\\.\\pipe\\roles-anywhere, or an IP address\n`,
      );
    },
  );

  test('prints the lines that PowerShell and cmd.exe take', async () => {
    const serve = startCommand(['serve', '--port', '0'], { env: { ...sandbox.environment } });
    await serve.said(/\$env:AWS_EC2_METADATA_SERVICE_ENDPOINT = "http:\/\/127\.0\.0\.1:\d+\/"/);
    await serve.said(/set AWS_EC2_METADATA_SERVICE_ENDPOINT=http:\/\/127\.0\.0\.1:\d+\/$/m);
    await serve.stop();
    expect(serve.stderr()).not.toContain('export ');
  });
});
