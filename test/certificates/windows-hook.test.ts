import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as Os from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runHook } from '../../src/certificates/notify/run-hook.ts';
import { rejectionOf } from '../support/thrown.ts';

vi.mock('node:os', async (load) => ({ ...(await load<typeof Os>()), platform: () => 'win32' }));

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hook on windows-'));
  writeFileSync(at('batch.cmd'), '');
  writeFileSync(at('hook.exe'), `#!/bin/sh\n/bin/cat > '${at('told')}'\n`);
  // In the place of cmd.exe.
  writeFileSync(at('shell'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${at('line')}'\n`);
  for (const name of ['hook.exe', 'shell']) chmodSync(at(name), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = () => ({ Path: folder, PATHEXT: '.exe;.cmd', COMSPEC: at('shell') });

describe('on Windows', () => {
  test('a hook is found on the PATH with an ending', async () => {
    await runHook(['hook'], 'the message', environment());
    expect(readFileSync(at('told'), 'utf8')).toBe('the message');
  });

  test('one that is a batch file is given to cmd.exe', async () => {
    await runHook(['batch', 'a&b'], '', environment());
    const line = `""${at('batch.cmd')}" "a&b""`;
    expect(readFileSync(at('line'), 'utf8').split('\n')).toEqual(['/e:ON', '/v:OFF', '/d', '/s', '/c', line, '']);
  });

  test('one of the current folder is not run, nor a batch file with an argument that it cannot be given', async () => {
    const here = process.cwd();
    process.chdir(folder);
    try {
      const { code, message } = await rejectionOf(runHook(['hook'], '', { PATHEXT: '.exe', Path: '.;' }));
      expect([code, message]).toEqual(['PROGRAM_FAILED', 'hook cannot be started: ENOENT']);
    } finally {
      process.chdir(here);
    }
    const { code, message } = await rejectionOf(runHook(['batch', 'a\nb'], '', environment()));
    expect([code, message]).toEqual(['PROGRAM_FAILED', expect.stringContaining('line break')]);
  });
});
