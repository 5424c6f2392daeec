import { readFileSync } from 'node:fs';
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
