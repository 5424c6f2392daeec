/** The AWS CLI on the PATH, which doctor asks for its version. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { versionOf } from '../../src/doctor/check-clients.ts';
import { makeFolder, removeFolder } from '../support/openssl.ts';

const folder = makeFolder();
afterAll(() => removeFolder(folder));

/** @param timeout milliseconds that it has to answer: as many as a busy machine may need to start it */
function versionBy(script: string, timeout = 60_000): Promise<string | undefined> {
  const path = join(folder, 'aws');
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return versionOf(path, { PATH: process.env['PATH'] }, timeout);
}

test.each([
  ['on stdout, as version 2', 'echo aws-cli/2.15.30 Python/3.11.8 Linux/6.1', '2.15.30'],
  ['on stderr, as old ones', 'echo aws-cli/1.15.0 Python/2.7.9 >&2', '1.15.0'],
  ['of something else', 'echo a program of somebody', undefined],
  ['of one that fails', 'exit 3', undefined],
])('the version %s', async (_name, script, version) => {
  expect(await versionBy(script)).toBe(version);
});

test('one that takes no notice of signals, and whose child keeps its stdout, holds nobody up', async () => {
  const started = performance.now();
  expect(await versionBy("trap '' TERM\nsleep 30 &\nwait; sleep 30", 1000)).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(20_000);
});
