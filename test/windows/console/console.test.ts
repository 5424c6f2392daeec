import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { commandPath, root } from '../../support/command.ts';

/** A console of Windows, which Wine makes out of a terminal; `scripts/lib/wine.mjs` says where Node for Windows is. */
class Console {
  readonly #child;
  readonly #ended: Promise<void>;
  #shown = '';
  #onShown: () => void = () => undefined;

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const line = ['wine', process.env['WINDOWS_NODE'] ?? '', commandPath, ...args].map((word) => `'${word}'`).join(' ');
    const typescript = ['-qfec', line, join(folder, 'typescript')];
    this.#child = spawn('script', typescript, { cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#onShown();
    });
    this.#ended = new Promise((settle) => this.#child.once('close', () => settle()));
  }

  /** Resolves when a text is on the screen, control sequences taken out. */
  async shows(text: string): Promise<void> {
    await new Promise<void>((settle, fail) => {
      this.#onShown = () => (this.text().includes(text) ? settle() : undefined);
      this.#onShown();
      void this.#ended.then(() => fail(new Error(`the console ended without ${text}:\n${this.text()}`)));
    });
  }

  text(): string {
    // oxlint-disable-next-line no-control-regex
    return this.#shown.replaceAll(/\u001B(?:\[[\d;?]*[a-zA-Z]|\][^\u0007]*\u0007)/g, '').replaceAll(/[\r\n]/g, '');
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  get ended(): Promise<void> {
    return this.#ended;
  }
}

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-console-'));
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const interrupt = '\u0003';

describe('a console', () => {
  test('shows every character as it is', async () => {
    const shown = new Console(['credential-process', '--certificate', 'Zertifikat-ü-ž-日本'], {
      ...sandbox.environment,
    });
    await shown.ended;
    expect(shown.text()).toContain('Zertifikat-ü-ž-日本');
  });

  test('ctrl-C ends serve by itself, with what belongs to the end', async () => {
    const serve = new Console(['serve', '--port', '0'], { ...sandbox.environment });
    await serve.shows('listening on');
    serve.type(interrupt);
    await serve.ended;
    expect(serve.text()).toContain('stopping');
  });

  test('ctrl-C goes to the program of exec, and exec waits for it', async () => {
    const program = join(folder, 'program.cjs');
    const out = join(folder, 'said');
    writeFileSync(
      program,
      `const fs = require('node:fs');
       process.on('SIGINT', () => { console.log('tidying up'); setTimeout(() => { fs.writeFileSync(process.argv[2], 'done'); process.exit(4); }, 500); });
       setInterval(() => {}, 1000); console.log('started');`,
    );
    const exec = new Console(['exec', '--', process.env['WINDOWS_NODE'] ?? '', program, out], {
      ...sandbox.environment,
    });
    await exec.shows('started');
    exec.type(interrupt);
    await exec.shows('tidying up');
    await exec.ended;
    expect(readFileSync(out, 'utf8')).toBe('done');
  });
});
