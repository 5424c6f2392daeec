import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needs } from '../../support/programs.ts';

const question = 'password for the test: ';
let folder: string;
let program: string;
let answerFile: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-prompt-'));
  program = join(folder, 'program.cjs');
  answerFile = join(folder, 'answer.json');
  const entry = fileURLToPath(new URL('./prompt-program.ts', import.meta.url));
  buildSync({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'cjs' });
});
beforeEach(() => rmSync(answerFile, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

const answer = (): unknown => JSON.parse(readFileSync(answerFile, 'utf8'));

interface OnTerminal {
  /** Everything the terminal showed. */
  readonly shown: string;
  readonly status: number | null;
}

/**
 * Runs a shell line on a terminal of its own (`script` of util-linux) and types as soon as the question shows.
 *
 * @param type is given the means to type and the output so far
 */
function onTerminal(line: string, type: (write: (keys: string) => void) => void): Promise<OnTerminal> {
  return new Promise((settle, fail) => {
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      env: { ...process.env, ANSWER: answerFile, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    let typed = false;
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      shown += chunk;
      if (typed || !shown.includes(question)) return;
      typed = true;
      type((keys) => child.stdin.write(keys));
    });
    child.stdin.on('error', () => undefined);
    child.once('error', fail);
    child.once('close', (status) => settle({ shown, status }));
  });
}

const ask = () => `"${process.execPath}" "${program}"`;

describe('on a terminal', needs('script'), () => {
  test.each([
    ['sesame\r', 'sesame'],
    ['sesame\n', 'sesame'],
    ['sésame ключ\r', 'sésame ключ'],
    ['sesamx\u007Fe\r', 'sesame'],
    ['sesamx\be\r', 'sesame'],
    ['\u007F\u007Fx\r', 'x'],
    ['wrong\u0015sesame\r', 'sesame'],
    ['se\u0004same\r', 'sesame'],
    ['\r', ''],
    ['\u0004', null],
  ])('%j gives %j', async (keys, expected) => {
    const { shown, status } = await onTerminal(ask(), (write) => write(keys));
    expect(status).toBe(0);
    expect(answer()).toBe(expected);
    // Only the question and the line's end: no echo.
    expect(shown.replaceAll('\r', '')).toBe(`${question}\n`);
  });

  test('control characters of a question are written out: the name of a token must not drive the terminal', async () => {
    const line = `QUESTION="$(printf 'PIN of \\033[2J\\007, password for the test')" ${ask()}`;
    const { shown } = await onTerminal(line, (write) => write('sesame\r'));
    expect(answer()).toBe('sesame');
    expect(shown.replaceAll('\r', '')).toBe('PIN of \\u001b[2J\\u0007, password for the test: \n');
  });

  test('stdin and stdout are left alone', async () => {
    const line = `printf 'data for stdin' | ${ask()} > "${folder}/stdout"`;
    const { shown } = await onTerminal(line, (write) => write('sesame\r'));
    expect(answer()).toBe('sesame');
    expect(shown).toContain(question);
    expect(readFileSync(join(folder, 'stdout'), 'utf8')).toBe('');
  });

  test('the terminal is as before afterwards', async () => {
    const { status } = await onTerminal(
      `stty -g > "${folder}/before"; ${ask()}; stty -g > "${folder}/after"`,
      (write) => write('sesame\r'),
    );
    expect(status).toBe(0);
    expect(readFileSync(join(folder, 'after'), 'utf8')).toBe(readFileSync(join(folder, 'before'), 'utf8'));
  });

  test('ctrl-C ends the process by SIGINT, with the terminal as before', async () => {
    const { status } = await onTerminal(
      `stty -g > "${folder}/before"; trap : INT; ${ask()}; code=$?; stty -g > "${folder}/after"; exit $code`,
      (write) => write('ses\u0003'),
    );
    expect(status).toBe(130);
    expect(existsSync(answerFile)).toBe(false);
    expect(readFileSync(join(folder, 'after'), 'utf8')).toBe(readFileSync(join(folder, 'before'), 'utf8'));
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)('a process that is ended by %s while it asks leaves the terminal as before', async (signal, expected) => {
    const pidFile = join(folder, 'pid');
    const { status } = await onTerminal(
      `stty -g > "${folder}/before"; ${ask()} & echo $! > "${pidFile}"; fg >/dev/null 2>&1 || wait $!; code=$?; stty -g > "${folder}/after"; exit $code`,
      () => process.kill(Number(readFileSync(pidFile, 'utf8')), signal),
    );
    expect(status).toBe(expected);
    expect(readFileSync(join(folder, 'after'), 'utf8')).toBe(readFileSync(join(folder, 'before'), 'utf8'));
  });
});

test('without a terminal there is no answer, and nobody waits', async () => {
  const status = await new Promise((settle) => {
    // A session of its own has no controlling terminal.
    const child = spawn(process.execPath, [program], { env: { ANSWER: answerFile }, detached: true, stdio: 'ignore' });
    child.once('close', settle);
  });
  expect(status).toBe(0);
  expect(answer()).toBeNull();
});
