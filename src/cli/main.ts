import type { OptionRow } from '../options/schema/option.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import { parseFlags, type ParsedFlags } from '../options/parse/parse-flags.ts';
import { readValues } from '../options/parse/read-values.ts';
import type { RunnableCommand, Terminal } from './command.ts';
import { credentialProcess } from './commands/credential-process/credential-process.ts';

/**
 * The command line: arguments in, exit status out. Data goes to stdout, everything else to stderr.
 *
 * @param argv what stands after the program's name
 */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const found = await findCommand(argv, terminal);
    if (typeof found === 'number') return found;
    return (await runCommand(found, argv.slice(1), terminal)) ?? 0;
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

async function runCommand(
  command: RunnableCommand,
  args: readonly string[],
  terminal: Terminal,
): Promise<number | void> {
  if (command.buffersWarnings !== true) terminal.tellWarnings();
  const takesWords = command.program === undefined ? command.word !== undefined : 'after';
  const flags = parseFlags(args, command.options, takesWords);
  if (flags.faults.length > 0 || flags.given.get('help')?.[0] === 'true') {
    const { helpOrFaults } = await import('./help.ts');
    return helpOrFaults(command, flags, terminal);
  }
  return command.run(await valuesOf(command, flags, terminal), terminal, () =>
    readValues(command, flags, terminal.env),
  );
}

async function valuesOf(command: RunnableCommand, flags: ParsedFlags, terminal: Terminal): Promise<OptionValues> {
  const values = await readValues(command, flags, terminal.env);
  const isUnusual = ({ flag }: OptionRow): boolean => flag === 'debug' || flag === 'no-verify-ssl';
  if ([values, ...values.others].some(({ rows, warnings }) => warnings.length > 0 || rows.some(isUnusual))) {
    const { lookAtValues } = await import('./look-at-values.ts');
    await lookAtValues(command, values, terminal);
  }
  return values;
}
