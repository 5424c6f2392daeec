import { gatherValues, type ProfileKeys } from '../../src/options/gather-values.ts';
import type { CommandName, OptionRow } from '../../src/options/option-row.ts';
import type { OptionValues } from '../../src/options/option-values.ts';
import { parseFlags } from '../../src/options/parse-flags.ts';
import { optionsOf } from '../../src/options/table.ts';

interface Given {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  readonly profile?: Record<string, string>;
  readonly rows?: readonly OptionRow[];
}

/** The values of a command for arguments, environment and the keys of a profile called on-prem. */
export function valuesOf(command: CommandName, { args = [], env = {}, profile, rows }: Given): OptionValues {
  const keys: ProfileKeys | undefined =
    profile === undefined ? undefined : { name: 'on-prem', keys: new Map(Object.entries(profile)) };
  const known = rows ?? optionsOf(command);
  return gatherValues(known, { flags: parseFlags(args, known, false), env, profile: keys });
}
