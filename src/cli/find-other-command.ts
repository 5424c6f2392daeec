import { RolesAnywhereError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { parseFlags } from '../options/parse/parse-flags.ts';
import { shown } from '../options/parse/problems.ts';
import type { Command, Terminal } from './command.ts';
import { commandNames, isCommandName, loadCommand, loadCommands } from './load-commands.ts';

/**
 * The command that the first argument names. Where it names none but asks for help or the version, that is answered
 * here, and the exit status returned; so it is with a command that reads its options itself.
 *
 * @throws RolesAnywhereError OPTION_*
 */
export async function findOtherCommand(argv: readonly string[], terminal: Terminal): Promise<Command | number> {
  const [first, second] = argv;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    await terminal.stdout(first === 'help' && second !== undefined ? await helpOf(second) : await programHelp());
    return 0;
  }
  const command = await (first === '--version' ? named('version') : named(first, argv));
  return command.examine === undefined ? command : examine(command, argv.slice(1), terminal);
}

/** Runs a command that reads its options itself; what is wrong with the flags as such is told as for every other. */
async function examine(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  terminal.tellWarnings();
  const flags = parseFlags(args, command.options, false);
  if (flags.faults.length === 0 && flags.given.get('help')?.[0] !== 'true') {
    return (await command.examine?.(flags, terminal)) ?? 0;
  }
  const { helpOrFaults } = await import('./help.ts');
  await helpOrFaults(command, flags, terminal);
  return 0;
}

async function programHelp(): Promise<string> {
  const { overview } = await import('./help.ts');
  return overview(await loadCommands());
}

async function helpOf(name: string): Promise<string> {
  const { commandHelp } = await import('./help.ts');
  return commandHelp(await named(name));
}

async function named(name: string, argv: readonly string[] = [name]): Promise<Command> {
  if (isCommandName(name)) return loadCommand(name);
  if (/^\\?[\r\n]|^\\$/.test(name)) {
    const { explainLineBreak } = await import('../options/explain/explain-faults.ts');
    throw explainLineBreak(undefined);
  }
  throw name.startsWith('-') ? await misplacedOption(name, argv) : unknownCommand(name);
}

function unknownCommand(name: string): RolesAnywhereError {
  const meant = nearest(name, [...commandNames, 'help']);
  return new RolesAnywhereError('OPTION_UNKNOWN', `unknown command ${JSON.stringify(name)}`, {
    hints: [meant === undefined ? list() : `did you mean ${meant}?`],
  });
}

async function misplacedOption(argument: string, argv: readonly string[]): Promise<RolesAnywhereError> {
  const flag = argument.split('=', 1)[0] ?? '';
  const flags = (await loadCommands()).flatMap(({ options }) => options.map((row) => `--${row.flag}`));
  if (!flags.includes(flag)) {
    const meant = isVersion(flag) ? '--version' : nearest(flag, flags);
    return new RolesAnywhereError('OPTION_UNKNOWN', `unknown option ${shown(flag)} where a command belongs`, {
      hints: meant === undefined ? [list()] : [`did you mean ${meant}?`, ...(isVersion(flag) ? [] : [list()])],
    });
  }
  const command = argv.find((word) => commandNames.includes(word)) ?? 'credential-process';
  return new RolesAnywhereError('OPTION_MISPLACED', `${flag} stands before the command`, {
    hints: [`write roles-anywhere ${command} ${flag} …`],
  });
}

/** As other programs call it, and with a slip. */
function isVersion(flag: string): boolean {
  return /^-[vV]$/.test(flag) || nearest(flag, ['--version', '--help']) === '--version';
}

function list(): string {
  return `the commands are ${commandNames.join(', ')}`;
}
