import { lstatSync } from 'node:fs';
import { extname, isAbsolute, join, resolve, win32 } from 'node:path';
import { RolesAnywhereError } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is to be started: a file by its whole path, and its arguments. */
export interface WindowsProgram {
  readonly file: string;
  readonly args: readonly string[];
  /** The arguments are to be given as they are, without quotes of Node's. */
  readonly isVerbatim: boolean;
}

/**
 * What a name stands for on Windows: a path, or a name that is looked for on the PATH, with the endings of PATHEXT where
 * it has none. Node and CreateProcess would look in the current folder first, and whoever may write there would be run.
 *
 * A batch file, which CreateProcess does not run by itself, is given to cmd.exe: npm, and much of what Python and Node
 * install, is one.
 *
 * @throws an error with the code ENOENT where there is no such file; RolesAnywhereError PROGRAM_FAILED for an argument
 *   that no batch file can be given
 */
export function windowsProgram(program: string, args: readonly string[], env: Environment): WindowsProgram {
  const file = findWindowsProgram(program, env);
  if (file === undefined) throw Object.assign(new Error(`no ${program}`), { code: 'ENOENT' });
  if (!/\.(?:bat|cmd)$/i.test(file)) return { file, args, isVerbatim: false };
  const words = [quote(file), ...args.map((text) => quote(text))];
  // Extensions on, for `%cd:~,%`; no delayed expansion, by which `!` would mean something; no AutoRun.
  const shellArgs = ['/e:ON', '/v:OFF', '/d', '/s', '/c', `"${words.join(' ')}"`];
  return { file: shellOf(env), args: shellArgs, isVerbatim: true };
}

/** Names of variables have no case there. */
function variable(env: Environment, name: string): string | undefined {
  return Object.entries(env).find(([key, value]) => key.toUpperCase() === name && value)?.[1];
}

/** What COMSPEC says, or cmd.exe, by its whole path. */
function shellOf(env: Environment): string {
  const [shell, folder] = [variable(env, 'COMSPEC'), variable(env, 'SYSTEMROOT') ?? String.raw`C:\Windows`];
  return shell !== undefined && win32.isAbsolute(shell) ? shell : win32.join(folder, 'System32', 'cmd.exe');
}

/** Undefined where there is none. */
export function findWindowsProgram(program: string, env: Environment): string | undefined {
  const endings = (variable(env, 'PATHEXT') ?? '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean);
  const names = [...(extname(program) === '' ? [] : [program]), ...endings.map((ending) => program + ending)];
  if (/[\\/:]/.test(program)) return names.map((name) => resolve(name)).find(isFile);
  return foldersOf(env)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isFile);
}

/** Those of the PATH; one may stand in quotes. What begins at the current folder is passed over. */
function foldersOf(env: Environment): readonly string[] {
  const folders = (variable(env, 'PATH') ?? '').split(';').map((folder) => folder.replaceAll('"', ''));
  return folders.filter((folder) => isAbsolute(folder));
}

/** Aliases of applications of the Store are links that lead to nothing that can be looked at. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

/**
 * One argument for cmd.exe and for the parser of C's runtime behind it: between quotes nothing means anything to cmd.exe
 * but `%` and the quote. Two quotes are one for the parser, and leave cmd.exe where it was. After `%`, an empty part of
 * the variable `cd` keeps a name from following.
 */
function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/[\0\r\n]/.test(text)) {
    throw new RolesAnywhereError('PROGRAM_FAILED', 'an argument of a batch file cannot have a line break in it', {
      hints: ['name the program that the batch file starts, in its place'],
    });
  }
  const slashed = text.replaceAll(/(\\+)(?="|$)/g, '$1$1');
  return `"${slashed.replaceAll('"', '""').replaceAll('%', '%%cd:~,%')}"`;
}
