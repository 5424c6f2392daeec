import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { ask } from '../support/ask-server.ts';
import { executable, root, runCommand } from '../support/command.ts';
import { hardened, makeHardened, needsHardening, type WriteExecute } from '../support/hardened.ts';
import { needsMounts } from '../support/programs.ts';
import { startCommand } from '../support/running-command.ts';

/** The unit that is for what is tested: the packages bring the executable, and the page is for both. */
const unitPath = executable === undefined ? 'docs/serve.md' : 'packaging/systemd/roles-anywhere.service';
/** Node does not start under MemoryDenyWriteExecute. */
const ways: readonly WriteExecute[] = executable === undefined ? ['calls'] : ['calls', 'prctl', 'filter'];

let folder: string;
let program: string;
let sandbox: Sandbox;

describe.skipIf(needsHardening().skip || needsMounts().skip)(`hardened as ${unitPath} says`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-hardened-'));
    program = makeHardened(readFileSync(join(root, unitPath), 'utf8'), folder);
    sandbox = await startSandbox({ directory: join(folder, 'identity') });
  });
  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true });
  });

  const wrapper = (way: WriteExecute) => hardened(program, folder, way);

  test('a program may execute nothing of /tmp, write nowhere else, and not call what is filtered', async () => {
    const tries = [
      'cp /bin/true /tmp',
      '/tmp/true',
      'touch /etc/written',
      'touch "$0"',
      'python3 -c "import os; os.nice(1)"',
    ];
    const script = tries.map((each) => `${each} 2>/dev/null; echo $?`).join('\n');
    const [unshare, ...rest] = [...wrapper('calls'), '/bin/sh', '-c', script, join(folder, 'written')];
    const { stdout } = await promisify(execFile)(unshare, rest, { timeout: 60_000 });
    expect(stdout.split('\n')).toEqual(['0', '126', '1', '1', '159', '']);
  });

  describe.each(ways)('%s', (way) => {
    test('credential-process gets credentials', async () => {
      const result = await runCommand(['credential-process'], { env: sandbox.environment, wrapper: wrapper(way) });
      expect([result.status, result.stderr]).toEqual([0, '']);
      expect(JSON.parse(result.stdout)).toMatchObject({ Version: 1 });
    });

    test('serve answers, also when its code is worth compiling', async () => {
      const command = startCommand(['serve', '--port', '0'], { env: sandbox.environment, wrapper: wrapper(way) });
      const [, url = ''] = await command.said(/listening on (http:\S+)/);
      for (let round = 0; round < 300; round += 1) {
        expect((await ask(url, '/nowhere')).status).toBe(404);
      }
      expect(await command.stop()).toEqual({ status: 0, signal: null });
    });

    test('C functions are called, or are said to need machine code', async () => {
      const args = ['sign-string', '--private-key', 'pkcs11:object=none', '--pkcs11-lib', '/nonexistent.so'];
      const { stderr } = await runCommand(args, { wrapper: wrapper(way) });
      expect(stderr).toContain(
        way === 'calls' ? 'No such file or directory' : 'PKCS#11 token need leave to make machine code',
      );
      expect(stderr.includes('MemoryDenyWriteExecute')).toBe(way !== 'calls');
    });
  });
});
