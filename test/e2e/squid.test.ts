/** The proxy that networks of companies have, with passwords, between the command and a service that it alone reaches by name. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandResult, runCommand } from '../support/command.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { ownPorts } from '../support/ports.ts';
import { needs } from '../support/programs.ts';

const host = 'rolesanywhere.eu-west-1.amazonaws.com';
const password = 'p@ss: w%rd';

describe('through squid', needs('squid'), () => {
  let folder: string;
  let ca: string;
  let sandbox: Sandbox;
  let proxy: string;
  let stop: () => Promise<unknown>;

  beforeAll(async () => {
    folder = makeFolder();
    // squid reads as a user of its own.
    chmodSync(folder, 0o755);
    const issuer = makeCa(folder, 'ca');
    ca = issuer.certificate;
    const { key, certificate } = makeLeaf(folder, 'server', issuer, { extensions: [`subjectAltName = DNS:${host}`] });
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(certificate, 'utf8') };
    sandbox = await startSandbox({ tls, region: 'eu-west-1' });
    const port = await ownPorts();
    proxy = `127.0.0.1:${port}`;
    stop = await startSquid(folder, port);
  });

  afterAll(async () => {
    await stop();
    await sandbox.close();
    removeFolder(folder);
  });

  function call(userinfo: string): Promise<CommandResult> {
    const endpoint = `https://${host}:${new URL(sandbox.endpoint).port}`;
    const env = { ...sandbox.environment, AWS_CA_BUNDLE: ca, HTTPS_PROXY: `http://${userinfo}${proxy}` };
    return runCommand(['credential-process', '--endpoint', endpoint, '--max-attempts', '1'], { env });
  }

  test('with the password, as URLs write it', async () => {
    const result = await call(`deploy:${encodeURIComponent(password)}@`);
    expect([result.status, result.stderr]).toEqual([0, '']);
    expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1 });
    expect(readFileSync(join(folder, 'access.log'), 'utf8')).toMatch(
      new RegExp(`TCP_TUNNEL/200 .* CONNECT ${host.replaceAll('.', '\\.')}:\\d+ deploy `),
    );
  });

  test.each(['', 'deploy:wrong@', 'nobody:nothing@'])('with "%s" it is refused, and says so', async (userinfo) => {
    const result = await call(userinfo);
    expect([result.status, result.stdout]).toEqual([5, '']);
    expect(result.stderr).toContain('status 407');
    expect(result.stderr).not.toMatch(/wrong|nothing/);
    expect(sandbox.requests).toHaveLength(1);
  });
});

/** Returns what ends it. */
async function startSquid(folder: string, port: number): Promise<() => Promise<unknown>> {
  const at = (name: string): string => join(folder, name);
  const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], {
    input: password,
    encoding: 'utf8',
    timeout: 60_000,
  });
  writeFileSync(at('passwords'), `deploy:${hash}`);
  writeFileSync(at('hosts'), `127.0.0.1 localhost ${host}\n`);
  for (const name of ['access.log', 'cache.log']) writeFileSync(at(name), '', { mode: 0o666 });
  for (const name of ['access.log', 'cache.log']) chmodSync(at(name), 0o666);
  const lines = [
    `http_port 127.0.0.1:${port}`,
    'visible_hostname proxy.test',
    `hosts_file ${at('hosts')}`,
    `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${at('passwords')}`,
    'auth_param basic children 1 startup=1',
    'acl known proxy_auth REQUIRED',
    'http_access allow known',
    'http_access deny all',
    'cache deny all',
    'pid_filename none',
    'pinger_enable off',
    'netdb_filename none',
    `coredump_dir ${folder}`,
    `cache_log ${at('cache.log')}`,
    `access_log stdio:${at('access.log')}`,
    'shutdown_lifetime 0 seconds',
  ];
  writeFileSync(at('squid.conf'), `${lines.join('\n')}\n`);
  const squid = spawn('squid', ['-N', '-d', '1', '-f', at('squid.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(squid, 'close');
  let said = '';
  await new Promise<void>((ready, fail) => {
    squid.stderr.on('data', (chunk) => {
      said += String(chunk);
      if (said.includes('Accepting HTTP')) ready();
    });
    squid.once('close', () => fail(new Error(`squid ended: ${said}`)));
  });
  return () => {
    squid.kill('SIGKILL');
    return ended;
  };
}
