import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..', '..');

/** The command as its users start it. */
export const commandPath = join(root, 'bin', 'roles-anywhere.cjs');

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandSettings {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of node itself. */
  readonly nodeOptions?: readonly string[];
  readonly cwd?: string;
  /** A program, with its arguments, that starts node in its turn. */
  readonly wrapper?: readonly string[];
}

/** Runs the built command with an environment that holds nothing of the one that runs the tests. */
export function runCommand(args: readonly string[], settings: CommandSettings = {}): Promise<CommandResult> {
  if (!existsSync(join(root, 'dist', 'command', 'roles-anywhere.cjs'))) {
    throw new Error('the command is not built: run `npm test`, or `npm run build` before vitest');
  }
  return new Promise((settle, fail) => {
    const node = [process.execPath, ...(settings.nodeOptions ?? []), commandPath];
    const [program = '', ...rest] = [...(settings.wrapper ?? []), ...node, ...args];
    const child = spawn(program, rest, {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...settings.env },
      cwd: settings.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', fail);
    child.once('close', (status) =>
      settle({ status, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
    // A command that fails before it reads its input closes the pipe: that is its right.
    child.stdin.on('error', () => undefined);
    child.stdin.end(settings.input ?? '');
  });
}
