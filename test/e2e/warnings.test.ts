import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandSettings, commandLine, executable, needsNode, runCommand } from '../support/command.ts';
import { needs } from '../support/programs.ts';
import { startCommand } from '../support/running-command.ts';

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-warnings-'));
  sandbox = await startSandbox({ directory: folder });
  chmodSync(sandbox.privateKeyPath, 0o644);
  writeFileSync(join(folder, 'foreign.pem'), (await startedElsewhere()).certificate);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

/** Somebody else's CA. */
async function startedElsewhere() {
  const other = await startSandbox();
  await other.close();
  return other.ca;
}

type Cause = readonly [string, readonly string[], CommandSettings, RegExp];

const ofNode: Cause = [
  "Node's own",
  [],
  { nodeOptions: ['--require', './deprecation.cjs'] },
  /DeprecationWarning: sesame\(\) is deprecated/,
];

/** Each warns of something that keeps no call from going well. */
const causes: readonly Cause[] = [
  ['a key that others may read', [], {}, /holds a private key that others may read \(mode 0644\)/],
  ['foreign certificates', ['--intermediates', 'foreign.pem'], {}, /holds none of the certificates that issued/],
  ['no check of the endpoint', ['--no-verify-ssl'], {}, /the certificate of the endpoint is not checked/],
  ['a cache that cannot be kept', ['--cache', '--cache-dir', '/dev/null/cache'], {}, /the credentials are not kept/],
  ...(executable === undefined ? [ofNode] : []),
];

const run = (args: readonly string[], { env, ...more }: CommandSettings) =>
  runCommand(args, { ...more, cwd: folder, env: { ...sandbox.environment, ...env } });

beforeAll(() =>
  writeFileSync(
    join(folder, 'deprecation.cjs'),
    "process.emitWarning('sesame() is deprecated', 'DeprecationWarning');",
  ),
);

describe.each(['credential-process', 'export'])('%s', (command) => {
  test.each(causes)('%s: a call that goes well says nothing', async (_what, args, settings) => {
    const { status, stdout, stderr } = await run([command, ...args], settings);
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1 });
  });

  test.each(causes)('%s: ROLES_ANYWHERE_WARNINGS=stderr shows it', async (_what, args, settings, expected) => {
    const env = { ...settings.env, ROLES_ANYWHERE_WARNINGS: 'stderr' };
    const { status, stderr } = await run([command, ...args], { ...settings, env });
    expect(status).toBe(0);
    expect(stderr).toMatch(expected);
    expect(stderr).toMatch(/^(roles-anywhere: warning: .+\n)+$/);
  });

  test.each(causes)('%s: --debug shows it', async (_what, args, settings, expected) => {
    expect((await run([command, '--debug', ...args], settings)).stderr).toMatch(expected);
  });

  test.each(causes)('%s: a call that fails shows it before its error', async (_what, args, settings, expected) => {
    const refused = {
      ...settings,
      env: { ...settings.env, ROLES_ANYWHERE_ROLE_ARN: sandbox.roleArn.replace(/\w+$/, 'no') },
    };
    const { status, stdout, stderr } = await run([command, ...args], refused);
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(new RegExp(`warning: .*(${expected.source})[^]*\nroles-anywhere: (?!warning)`));
  });
});

test('as the C++ SDK runs it, its output is JSON', async () => {
  const line = `${commandLine} credential-process --no-verify-ssl 2>&1`;
  const child = spawn('sh', ['-c', line], {
    env: { PATH: process.env['PATH'], ...sandbox.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  expect(JSON.parse(output)).toMatchObject({ Version: 1 });
});

test('on a terminal it is said at once', needs('script'), async () => {
  const line = `${commandLine} credential-process --no-verify-ssl > ${join(folder, 'document')}`;
  const env = { PATH: process.env['PATH'], ...sandbox.environment };
  const child = spawn('script', ['-qec', line, '/dev/null'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let shown = '';
  for await (const chunk of child.stdout) shown += String(chunk);
  expect(shown).toMatch(/warning: --no-verify-ssl: .*\r\nroles-anywhere: warning: .*others may read/);
});

test("serve writes Node's own into its log", needsNode("Node's own warnings"), async () => {
  const env = { ...sandbox.environment, NODE_OPTIONS: `--require ${join(folder, 'deprecation.cjs')}` };
  const command = startCommand(['serve', '--port', '0', '--log-format', 'json'], { env });
  await command.said(/listening on/);
  await command.stop();
  const lines = command
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'DeprecationWarning: sesame() is deprecated' }),
  );
});

test('who tells Node to be silent, hears nothing', needsNode("Node's own warnings"), async () => {
  const { stderr } = await run(['version'], { nodeOptions: ['--no-warnings', '--require', './deprecation.cjs'] });
  expect(stderr).toBe('');
  expect((await run(['version'], { nodeOptions: ['--require', './deprecation.cjs'] })).stderr).toBe(
    'roles-anywhere: warning: DeprecationWarning: sesame() is deprecated\n',
  );
});
