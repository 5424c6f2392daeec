import { afterEach, beforeEach, expect, test } from 'vitest';
import { providerIn } from '../../../src/outputs/provider/from-roles-anywhere.ts';
import type { ProviderLogger } from '../../../src/outputs/provider/init.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { initFor, surroundings, type TestSurroundings } from './surroundings.ts';

let sandbox: Sandbox;
let around: TestSurroundings;
let lines: string[];

beforeEach(async () => {
  around = surroundings();
  lines = [];
  sandbox = await startSandbox({ now: () => around.clock.now() });
});

afterEach(() => sandbox.close());

function loggerTo(to: string[]): ProviderLogger {
  const level = (name: string) => (line: unknown) => void to.push(`${name} ${String(line)}`);
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
}

test('what goes well is for debugging, and holds no secret', async () => {
  const credentials = await providerIn(around, { ...initFor(sandbox), logger: loggerTo(lines) })();
  expect(lines).toEqual([
    expect.stringMatching(/^debug roles-anywhere - fromRolesAnywhere: credentials until \d{4}-.*Z, after [\d.]+ s$/),
  ]);
  expect(lines.join()).not.toContain(credentials.secretAccessKey);
  expect(lines.join()).not.toContain(credentials.sessionToken);
});

test('a renewal that fails while credentials are held is a warning', async () => {
  const provider = providerIn(around, { ...initFor(sandbox), durationSeconds: 900, logger: loggerTo(lines) });
  const before = await provider();
  sandbox.disable(sandbox.profileArn);
  around.advance(14.5 * 60_000);
  expect((await provider()).accessKeyId).toBe(before.accessKeyId);
  expect(lines.at(-1)).toMatch(
    /^warn .*: cannot renew the credentials, which still work: the service refused .*; the next attempt is in [\d.]+ s at the earliest$/,
  );
});

test('the one that fails over says which way failed, and which one served', async () => {
  const other = await startSandbox({ region: 'eu-central-1', now: () => around.clock.now() });
  try {
    const unreachable = { ...initFor(sandbox), endpoint: 'http://127.0.0.1:1', maxAttempts: 1 };
    await providerIn(around, { ...unreachable, fallback: [initFor(other)], logger: loggerTo(lines) })();
  } finally {
    await other.close();
  }
  expect(lines).toContainEqual(
    expect.stringMatching(
      new RegExp(`^warn .*: no credentials from ${sandbox.trustAnchorArn}: .*; it is left alone for`),
    ),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(new RegExp(`^debug .*: credentials from ${other.trustAnchorArn}$`)),
  );
});

test('the logger of the init goes before those of the clients', async () => {
  const [parent, caller]: [string[], string[]] = [[], []];
  const clients = { parentClientConfig: { logger: loggerTo(parent) } };
  const properties = { callerClientConfig: { logger: loggerTo(caller) } };
  await providerIn(around, { ...initFor(sandbox), logger: loggerTo(lines), ...clients })(properties);
  expect([lines.length, parent.length, caller.length]).toEqual([1, 0, 0]);
  await providerIn(around, { ...initFor(sandbox), ...clients })(properties);
  expect([lines.length, parent.length, caller.length]).toEqual([1, 1, 0]);
  await providerIn(around, initFor(sandbox))(properties);
  expect([lines.length, parent.length, caller.length]).toEqual([1, 1, 1]);
});

test('an endpoint whose certificate is not checked is warned about', async () => {
  await providerIn(around, { ...initFor(sandbox), noVerifySsl: true, logger: loggerTo(lines) })();
  expect(lines[0]).toBe(
    'warn roles-anywhere - fromRolesAnywhere: noVerifySsl: the certificate of the endpoint is not checked',
  );
});
