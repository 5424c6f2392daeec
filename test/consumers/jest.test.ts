import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { consumerTools, outcomeOf } from './tools.ts';

const suite = `
const { fromRolesAnywhere, RolesAnywhereError } = require('roles-anywhere');
const { startSandbox } = require('roles-anywhere/sandbox');

jest.setTimeout(60_000);
test.each(['P-256', 'ML-DSA-44'])('credentials with %s', async (keyType) => {
  const sandbox = await startSandbox({ keyType });
  Object.assign(process.env, sandbox.environment);
  try {
    const { accountId } = await fromRolesAnywhere({ roleChain: [{ roleArn: sandbox.roleArn }] })();
    expect(accountId).toBe(sandbox.accountId);
    await expect(fromRolesAnywhere({ roleArn: sandbox.roleArn + '-missing' })()).rejects.toThrow(RolesAnywhereError);
  } finally {
    await sandbox.close();
  }
});
`;

describe.skipIf(consumerTools === undefined)('Jest', () => {
  const { project, jest } = consumerTools ?? { project: '', jest: '' };

  test('runs a suite that requires provider and sandbox, by its defaults', { timeout: 240_000 }, async () => {
    const app = join(project, 'jest');
    mkdirSync(app, { recursive: true });
    writeFileSync(join(app, 'package.json'), '{}');
    writeFileSync(join(app, 'app.test.js'), suite);
    const program = join(jest, 'node_modules', 'jest', 'bin', 'jest.js');
    const { status, stderr } = await outcomeOf([process.execPath, program, '--ci', '--cacheDirectory', app], app);
    expect(stderr).toContain('Tests:       2 passed, 2 total');
    expect(status).toBe(0);
  });
});
