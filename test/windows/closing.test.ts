import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';
import { startCommand } from '../support/running-command.ts';

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-closing-'));
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

let count = 0;

/** A command, and what closes its console: close-console.cjs has how. */
function startInConsole(words: readonly string[]) {
  count += 1;
  const closeWhen = join(folder, `close-${count}`);
  const preload = join(root, 'test', 'windows', 'close-console.cjs').replaceAll('\\', '/');
  const command = startCommand(words, {
    env: {
      ...sandbox.environment,
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
      CLOSE_WHEN: closeWhen,
      NODE_OPTIONS: `--require "${preload}"`,
    },
  });
  return { command, close: () => writeFileSync(closeWhen, '') };
}

describe('closing the console', () => {
  test.each([
    ['serve', ['serve', '--port', '0'], /listening on/, 'stopping'],
    ['update', ['update'], /default/, ''],
    ['sandbox', ['sandbox'], /the sandbox listens/, ''],
  ])('ends %s in order', async (_, words, running, said) => {
    const { command, close } = startInConsole(words);
    await command.said(running);
    close();
    expect(await command.ended).toEqual({ status: 0, signal: null });
    expect(command.stderr()).toContain(said);
  });

  test('leaves exec waiting for its program, which has heard of it too, and gives its status', async () => {
    const script = join(folder, 'program.cjs');
    writeFileSync(
      script,
      `process.on('SIGHUP', () => setTimeout(() => process.exit(4), 300));
       setInterval(() => {}, 1000); console.error('started');`,
    );
    const { command, close } = startInConsole(['exec', '--', process.execPath, script]);
    await command.said(/started/);
    close();
    expect(await command.ended).toEqual({ status: 4, signal: null });
  });
});
