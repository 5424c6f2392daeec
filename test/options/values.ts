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
export function valuesOf(name: CommandName, { args = [], env = {}, profile, rows }: Given): Promise<OptionValues> {
  const keys: ProfileKeys | undefined =
    profile === undefined ? undefined : { name: 'on-prem', keys: new Map(Object.entries(profile)) };
  const options = rows ?? optionsOf(name);
  return gatherValues({ name, options }, { flags: parseFlags(args, options, false), env, profile: keys });
}
