import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..', '..');

/** The command as its users start it on Node. */
export const commandPath = join(root, 'bin', 'roles-anywhere.cjs');

/** A native executable, which the tests of the command are for in the place of the bundle on this Node. */
export const executable = process.env['COMMAND_UNDER_TEST'];

/** What starts the command: a program and its first arguments. */
export const commandWords: readonly string[] =
  executable === undefined ? [process.execPath, commandPath] : [executable];

/** The same in a line of a shell, or of a configuration. */
export const commandLine = commandWords.map((word) => `"${word}"`).join(' ');

/** For tests of something that is Node's alone. */
export function needsNode(what: string): { readonly skip: boolean } {
  if (executable !== undefined) console.log(`skipped on the executable: ${what}`);
  return { skip: executable !== undefined };
}

/** Starts the command with code that it runs first; BUN_OPTIONS says it to an executable. */
function preloading({ nodeOptions = [], env }: CommandSettings): { words: readonly string[]; env: object } {
  if (executable === undefined) return { words: [process.execPath, ...nodeOptions, commandPath], env: env ?? {} };
  const options = nodeOptions.map((word) => word.replace(/^--require$/, '--preload')).join(' ');
  return { words: [executable], env: { ...env, ...(options !== '' && { BUN_OPTIONS: options }) } };
}

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
  if (!existsSync(executable ?? join(root, 'dist', 'command', 'roles-anywhere.cjs'))) {
    throw new Error('the command is not built: run `npm test`, or `npm run build` before vitest');
  }
  return new Promise((settle, fail) => {
    const { words, env } = preloading(settings);
    const [program = '', ...rest] = [...(settings.wrapper ?? []), ...words, ...args];
    const child = spawn(program, rest, {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
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
