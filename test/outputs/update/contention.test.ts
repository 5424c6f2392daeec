import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needsPython } from '../../support/programs.ts';

/** A minute is for machines with time: ROLES_ANYWHERE_TEST_CONTENTION=60. */
const seconds = Number(process.env['ROLES_ANYWHERE_TEST_CONTENTION'] ?? 2);

let programs: string;
let program: string;
let folder: string;
let path: string;
beforeAll(() => {
  programs = mkdtempSync(join(tmpdir(), 'roles-anywhere-contention-program-'));
  program = join(programs, 'program.cjs');
  const entry = fileURLToPath(new URL('./contention-program.ts', import.meta.url));
  buildSync({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'cjs' });
});
afterAll(() => rmSync(programs, { recursive: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-contention-'));
  path = join(folder, 'credentials');
  writeFileSync(path, '', { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const start = (what: string, name: string, milliseconds: number, ...more: readonly string[]) =>
  spawn(process.execPath, [program, what, path, name, String(milliseconds), ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Reads as boto3 does, over and over: a torn file is an error of its parser, or a profile without one of its keys. */
const pythonReader = `
import sys, time
from botocore.configloader import raw_config_parse
end = time.time() + float(sys.argv[2])
print('started', flush=True)
seen, reads = set(), 0
while reads == 0 or time.time() < end:
    found = raw_config_parse(sys.argv[1])
    assert all(len(keys) == 3 for keys in found.values()), found
    assert seen <= set(found), seen - set(found)
    seen, reads = set(found), reads + 1
    time.sleep(0.01)
print(reads)
`;

interface Ending {
  readonly status: number | null;
  readonly result: number;
  readonly stderr: string;
}

function ending(child: ChildProcess): Promise<Ending> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((settle) =>
    child.once('close', (status) => settle({ status, result: Number(stdout.split('\n')[1]), stderr })),
  );
}

describe('20 that write and 20 that read', needsPython('botocore'), () => {
  test(`for ${seconds} seconds: no torn read, no lost profile`, { timeout: seconds * 1000 + 240_000 }, async () => {
    const milliseconds = seconds * 1000;
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const updaters = names.map((name) => ending(start('update', name, milliseconds)));
    const readers = names.slice(2).map((name) => ending(start('read', name, milliseconds)));
    const python = [0, 1].map(() =>
      ending(spawn('python3', ['-c', pythonReader, path, String(seconds)], { stdio: ['ignore', 'pipe', 'pipe'] })),
    );
    const read = await Promise.all([...readers, ...python]);
    const written = await Promise.all(updaters);
    expect([...read, ...written].filter(({ status, stderr }) => status !== 0 || stderr !== '')).toEqual([]);

    const turns = new Map(written.map(({ result }, index) => [names[index], result]));
    const inFile = [...readFileSync(path, 'utf8').matchAll(/ASIA-(p\d+)-(\d+)/g)];
    expect(new Map(inFile.map(([, name, turn]) => [name, Number(turn)]))).toEqual(turns);
    // How often is the machine's affair.
    expect(Math.min(...[...written, ...read].map(({ result }) => result))).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual(['credentials']);
  });
});

describe('SIGKILL', () => {
  const whole =
    /^\[p\]\naws_access_key_id = ASIA-p-(\d+)\naws_secret_access_key = secret-p-\1\naws_session_token = p-\1-(t+)\n$/;

  test('at any point leaves one of the two sets, and no lock that stops the next one', async () => {
    // Large, so that writing takes long enough to be cut off.
    const filler = `# ${'x'.repeat(2_000_000)}\n\n`;
    writeFileSync(path, filler);
    execFileSync(process.execPath, [program, 'update', path, 'p', '1']);
    let [leftLocks, leftFiles] = [0, 0];
    for (let round = 0; round < 40; round += 1) {
      const child = start('update', 'p', 10_000, '1');
      const ended = once(child, 'close');
      await new Promise((settle) => child.stdout.once('data', settle));
      // Spread over what a turn takes, not left to chance alone.
      await new Promise((settle) => setTimeout(settle, round / 2));
      child.kill('SIGKILL');
      await ended;
      const text = readFileSync(path, 'latin1');
      expect(text.startsWith(filler)).toBe(true);
      const [, turn, filling] = whole.exec(text.slice(filler.length)) ?? [];
      expect(filling?.length).toBe(600 + Number(turn));
      const left = readdirSync(folder);
      leftLocks += left.includes('credentials.lock') ? 1 : 0;
      leftFiles += left.some((name) => name.startsWith('.credentials.')) ? 1 : 0;
    }
    console.log(`killed 40 times: ${leftLocks} left a lock, ${leftFiles} a temporary file`);
    const begin = performance.now();
    execFileSync(process.execPath, [program, 'update', path, 'p', '1']);
    // Not the age of a lock whose holder cannot be told.
    expect(performance.now() - begin).toBeLessThan(19_000);
    expect(readdirSync(folder)).toEqual(['credentials']);
  });
});
