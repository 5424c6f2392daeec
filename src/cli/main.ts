import { gatherValues, type OptionSources } from '../options/gather-values.ts';
import type { OptionValues } from '../options/option-values.ts';
import { parseFlags, type ParsedFlags } from '../options/parse-flags.ts';
import type { RunnableCommand, Terminal } from './command.ts';
import { credentialProcess } from './commands/credential-process.ts';

/**
 * The command line: arguments in, exit status out. Data goes to stdout, everything else to stderr.
 *
 * @param argv what stands after the program's name
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const found = await findCommand(argv, terminal);
    if (typeof found === 'number') return found;
    await runCommand(found, argv.slice(1), terminal);
    return 0;
  } catch (error) {
    const { reportError } = await import('./report-error.ts');
    return reportError(error, argv, terminal);
  }
}

/** The command to run, or the exit status where there is none to run. Only the one that SDKs call is at hand. */
async function findCommand(argv: readonly string[], terminal: Terminal): Promise<RunnableCommand | number> {
  if (argv[0] === credentialProcess.name) return credentialProcess;
  const { findOtherCommand } = await import('./find-other-command.ts');
  return findOtherCommand(argv, terminal);
}

async function runCommand(command: RunnableCommand, args: readonly string[], terminal: Terminal): Promise<void> {
  const flags = parseFlags(args, command.options, command.word !== undefined);
  if (flags.given.get('help')?.[0] === 'true') {
    const { commandHelp } = await import('./help.ts');
    const { loadCommand } = await import('./load-commands.ts');
    return terminal.stdout(commandHelp(await loadCommand(command.name)));
  }
  if (flags.faults.length > 0) {
    const { throwFaults } = await import('../options/explain-faults.ts');
    const { loadCommands } = await import('./load-commands.ts');
    throwFaults(flags.faults, command, await loadCommands());
  }
  return command.run(await readValues(command, flags, terminal), terminal);
}

async function readValues(command: RunnableCommand, flags: ParsedFlags, terminal: Terminal): Promise<OptionValues> {
  const sources = { flags, env: terminal.env, profile: await readProfileOf(flags, terminal) };
  const values = await gatherValues(command, sources);
  if (command.options.some((row) => row.notBuilt !== undefined && values.isGiven(row.flag))) {
    const { refuseNotBuilt } = await import('../options/refuse-not-built.ts');
    refuseNotBuilt(command.options, values);
  }
  if (command.options.some((row) => row.flag === 'debug') && values.isOn('debug')) {
    const { traceOptions } = await import('./debug-trace.ts');
    traceOptions(command.options, values, terminal.log);
  }
  return values;
}

/** The configuration file is read only for `--from-profile`: a broken one is nobody's business otherwise. */
async function readProfileOf(flags: ParsedFlags, terminal: Terminal): Promise<OptionSources['profile']> {
  const name = flags.given.get('from-profile')?.[0];
  if (name === undefined || name === '') return undefined;
  const { readProfile } = await import('../options/from-profile.ts');
  return readProfile(name, terminal.env);
}
