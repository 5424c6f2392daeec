import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-terminal-'));
  program = join(folder, 'program.cjs');
  const entry = fileURLToPath(new URL('./terminal-program.ts', import.meta.url));
  buildSync({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'cjs' });
});
afterAll(() => rmSync(folder, { recursive: true }));

type Running = ReturnType<typeof start>;

function start(what: string, stdout: 'pipe' | number = 'pipe') {
  return spawn(process.execPath, [program, what], { stdio: ['ignore', stdout, 'pipe'] });
}

function ending(child: Running): Promise<{ status: number | null; signal: string | null; stderr: string }> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  return new Promise((settle) => child.once('close', (status, signal) => settle({ status, signal, stderr })));
}

/** Takes the output only when the pipe has long been full. */
async function readLate(child: Running): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await new Promise((settle) => child.stdout?.once('readable', settle));
  for await (const chunk of child.stdout ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

describe('stdout', () => {
  test.each(['blocking', 'without-blocking'])('%s: every byte arrives, however slow the reader', async (what) => {
    const child = start(what);
    const [end, output] = await Promise.all([ending(child), readLate(child)]);
    expect(end).toEqual({ status: 0, signal: null, stderr: 'roles-anywhere: warning: done\\u001b[0m\n' });
    expect(output.length).toBe(4 * 1024 * 1024 + 8);
    expect(output.subarray(-8).toString()).toBe('ключ');
    expect(output.subarray(0, -8).every((octet) => octet === 0x78)).toBe(true);
  });

  test.each(['blocking', 'without-blocking'])('%s: a reader that goes is an error of its own', async (what) => {
    const child = start(what);
    child.stdout?.once('readable', () => child.stdout?.destroy());
    expect(await ending(child)).toEqual({
      status: 0,
      signal: null,
      stderr: 'OUTPUT_FAILED: cannot write to stdout: its reader has gone\n',
    });
  });

  test.runIf(existsSync('/dev/full'))('a full disk as well', async () => {
    expect((await ending(start('blocking', openSync('/dev/full', 'w')))).stderr).toBe(
      'OUTPUT_FAILED: cannot write to stdout: ENOSPC\n',
    );
  });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends the waiting, not the process', async (signal) => {
  const child = start('stopped');
  child.stdout?.once('data', () => child.kill(signal));
  expect(await ending(child)).toEqual({ status: 0, signal: null, stderr: 'stopped\n' });
});

test('SIGHUP calls back as often as it comes where a command asks for that, and ends nothing', async () => {
  const child = start('hung-up');
  const ended = ending(child);
  await once(child.stdout ?? child, 'data');
  child.kill('SIGHUP');
  await once(child.stderr ?? child, 'data');
  child.kill('SIGHUP');
  await once(child.stderr ?? child, 'data');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ status: 0, signal: null, stderr: 'hung up\nhung up\nstopped\n' });
});
