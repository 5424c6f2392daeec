import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { RolesAnywhereError } from '../../../core/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What cmd.exe is to run, to be given as it is, without quotes of Node's. */
export interface BatchCommand {
  readonly shell: string;
  readonly args: readonly string[];
}

/**
 * The command for a batch file, which CreateProcess does not run by itself: npm, and much of what Python and Node
 * install, is one on Windows.
 *
 * @param program a path, or a name that is looked for on the PATH as cmd.exe does, but not in the current folder
 * @returns undefined where it is no batch file
 * @throws RolesAnywhereError PROGRAM_FAILED for an argument that no batch file can be given
 */
export function batchCommand(program: string, args: readonly string[], env: Environment): BatchCommand | undefined {
  const file = findProgram(program, env);
  if (file === undefined || !/\.(?:bat|cmd)$/i.test(file)) return undefined;
  const words = [quote(file), ...args.map((text) => quote(text))];
  // Extensions on, for `%cd:~,%`; no delayed expansion, by which `!` would mean something; no AutoRun.
  return { shell: shellOf(env), args: ['/e:ON', '/v:OFF', '/d', '/s', '/c', `"${words.join(' ')}"`] };
}

/** By its whole path, as a bare name would be looked for in the current folder first. */
function shellOf(env: Environment): string {
  const variable = (name: string): string | undefined =>
    Object.entries(env).find(([key, value]) => key.toUpperCase() === name && value)?.[1];
  return variable('COMSPEC') ?? join(variable('SYSTEMROOT') ?? String.raw`C:\Windows`, 'System32', 'cmd.exe');
}

function findProgram(program: string, env: Environment): string | undefined {
  const endings = (env['PATHEXT'] || '.COM;.EXE;.BAT;.CMD').split(';');
  const names = [...(extname(program) === '' ? [] : [program]), ...endings.map((ending) => program + ending)];
  const folders = /[\\/]/.test(program) ? [''] : (env['PATH'] ?? env['Path'] ?? '').split(';').filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
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
