/** What a process that lives on says and does once the package is removed, or changed, beneath it. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { askImds, rolesPath } from '../support/ask-server.ts';
import { root } from '../support/command.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';
import { type SandboxConfig, sandboxConfig } from '../support/sandbox-config.ts';

let sandbox: Sandbox;
let config: SandboxConfig;
let command: RunningCommand | undefined;

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['Worker'] });
});
afterAll(() => sandbox.close());

beforeEach(() => {
  config = sandboxConfig(sandbox);
  const certificate = join(config.folder, 'leaf.pem');
  writeFileSync(certificate, sandbox.certificate);
  config.write('on-prem', { roles_anywhere_certificate: certificate });
  cpSync(join(root, 'dist', 'command'), join(config.folder, 'dist', 'command'), { recursive: true });
  cpSync(join(root, 'bin'), join(config.folder, 'bin'), { recursive: true });
});
afterEach(async () => {
  await command?.stop('SIGKILL');
  config.remove();
});

function start(args: readonly string[]): RunningCommand {
  const path = join(config.folder, 'bin', 'roles-anywhere.cjs');
  command = startCommand(args, { env: { ...config.env }, path });
  return command;
}

function removePackage(): void {
  rmSync(join(config.folder, 'dist'), { recursive: true });
}

/** A failure of each kind in turn, each shown by a reload, and how it is told. */
async function failInTurn(running: RunningCommand): Promise<void> {
  const faults: [change: () => void, told: RegExp][] = [
    [() => sandbox.failNext({ status: 429, times: 3 }), /the service is asked too often.*status 429/],
    [() => sandbox.failNext({ status: 503, times: 3 }), /the service could not answer.*status 503/],
    [() => sandbox.failNext({ status: 201, body: '{}' }), /credentialSet is missing or empty in the answer/],
    [() => sandbox.failNext({ status: 403, body: '{"message":"Untrusted signing certificate"}' }), /Untrusted signing/],
    [
      () => writeFileSync(join(config.folder, 'leaf.pem'), 'no certificate'),
      /leaf\.pem is neither PEM nor DER|holds no/,
    ],
  ];
  for (const [change, told] of faults) {
    change();
    running.child.kill('SIGHUP');
    expect((await running.said(told)).index).toBeGreaterThan(0);
  }
}

test('serve goes on by its rules', async () => {
  const serving = start(['serve', '--from-profile', 'on-prem', '--port', '0']);
  const [, url = ''] = await serving.said(/listening on (http:\S+)/);
  removePackage();
  await failInTurn(serving);
  expect(serving.stderr()).not.toMatch(/INTERNAL|TypeError|MODULE_NOT_FOUND/);
  expect(JSON.parse((await askImds(url, `${rolesPath}Worker`)).body)).toMatchObject({ Code: 'Success' });
  expect(await serving.stop()).toEqual({ status: 0, signal: null });
});

test('update goes on by its rules', async () => {
  mkdirSync(join(config.folder, '.aws'));
  const file = join(config.folder, '.aws', 'credentials');
  const updating = start(['update', '--from-profile', 'on-prem', '--profile', 'kept']);
  await updating.said(/works until/);
  removePackage();
  await failInTurn(updating);
  expect(updating.stderr()).not.toMatch(/INTERNAL|TypeError|MODULE_NOT_FOUND/);
  expect(readFileSync(file, 'utf8')).toMatch(/aws_access_key_id/);
  expect(await updating.stop()).toEqual({ status: 0, signal: null });
});
