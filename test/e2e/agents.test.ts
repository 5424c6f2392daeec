import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CommandSettings, runCommand } from '../support/command.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { needsAgents, type RunningAgent, startGpgAgent, startSshAgent } from '../support/ssh-agents.ts';

/** Keys that somebody else holds, by the built command, accepted by a sandbox that verifies all of it. */

const folder = makeFolder();
let ca: Issued;
let sandbox: Sandbox;

beforeAll(async () => {
  ca = makeCa(folder, 'ca');
  sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
});

afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});

function request(args: readonly string[], settings: CommandSettings = {}) {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const target = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  return runCommand(['credential-process', ...target, '--endpoint', endpoint, ...args], settings);
}

describe.each([
  ['ssh-agent', startSshAgent],
  ['gpg-agent', startGpgAgent],
] as const)('%s', needsAgents(), (_name, start) => {
  let agent: RunningAgent;
  const leaves = new Map<string, Issued>();

  beforeAll(async () => {
    agent = await start(folder);
    for (const keyType of ['rsa:2048', 'p256'] as const) {
      const leaf = makeLeaf(folder, `agent-${keyType.replace(':', '-')}`, ca, { keyType });
      leaves.set(keyType, leaf);
      await agent.add(leaf.key);
    }
  });
  afterAll(() => agent.stop());

  test.each(['rsa:2048', 'p256'])('%s gets credentials', async (keyType) => {
    const { certificate = '' } = leaves.get(keyType) ?? {};
    const env = { SSH_AUTH_SOCK: agent.socket };
    const { status, stdout, stderr } = await request(['--certificate', certificate, '--private-key', 'ssh-agent:'], {
      env,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
  });

  test('a key that it has not ends with status 3 and says so', async () => {
    const other = makeLeaf(folder, 'agent-other', ca);
    const key = `ssh-agent:?socket=${agent.socket}`;
    const result = await request(['--debug', '--certificate', other.certificate, '--private-key', key]);
    expect(result).toMatchObject({ status: 3, stdout: '' });
    expect(result.stderr).toContain('debug: code SSH_AGENT_KEY_NOT_FOUND');
  });
});

describe('a program that signs', () => {
  const program = resolve(import.meta.dirname, '../support/signer-program.mjs');
  let leaf: Issued;
  beforeAll(() => {
    leaf = makeLeaf(folder, 'by program', ca);
  });
  const signer = (): string => `exec:'${process.execPath}' '${program}' '${leaf.key}'`;

  test('gets credentials, and its stderr is shown with --debug alone', async () => {
    const args = ['--certificate', leaf.certificate, '--signer', signer()];
    const { status, stdout, stderr } = await request(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
    expect((await request(['--debug', ...args])).stderr).toContain(' says: ready to sign');
  });

  test('signs the string of sign-string', async () => {
    const args = ['sign-string', '--certificate', leaf.certificate, '--signer', signer(), '--format', 'text'];
    expect(await runCommand(args)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^30[\da-f]+$/) as string,
    });
  });

  test.each([
    [['--signer', '/usr/bin/signer'], 'OPTION_INVALID', '--signer must be exec: and a program'],
    [['--signer', 'exec:'], 'OPTION_INVALID', '--signer must name a program after exec:'],
    [['--signer', 'exec:a', '--private-key', 'b'], 'OPTION_CONFLICT', '--private-key and --signer exclude each other'],
  ])('%j is refused', async (args, code, words) => {
    const { status, stderr } = await request(['--debug', '--certificate', leaf.certificate, ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(code);
    expect(stderr).toContain(words);
  });
});
