import { throwFaults } from '../options/explain/explain-faults.ts';
import type { ParsedFlags } from '../options/parse/parse-flags.ts';
import type { RunnableCommand, Terminal } from './command.ts';
import { commandHelp } from './help.ts';
import { loadCommand, loadCommands } from './load-commands.ts';

/**
 * What a command line gets that asks for help or cannot be used; help comes first.
 * @throws RolesAnywhereError OPTION_*
 */
export async function helpOrFaults(command: RunnableCommand, flags: ParsedFlags, terminal: Terminal): Promise<void> {
  if (flags.given.get('help')?.[0] !== 'true') throwFaults(flags.faults, command, await loadCommands());
  await terminal.stdout(commandHelp(await loadCommand(command.name)));
}
