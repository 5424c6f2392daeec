import { optionsOf } from '../../../options/schema/shared-options.ts';
import { version as number } from '../../../version.ts';
import type { Command } from '../../command.ts';

/** `version`: the bare number, as the official helper prints it. */
export const versionCommand: Command = {
  name: 'version',
  summary: 'prints the version',
  options: optionsOf('version'),
  run: (_values, terminal) => terminal.stdout(`${number}\n`),
};
