import { gatherValues } from '../../../src/options/parse/read-values.ts';
import type { OptionValues, ProfileKeys } from '../../../src/options/parse/option-values.ts';
import type { CommandName, OptionRow } from '../../../src/options/schema/option.ts';
import { parseFlags } from '../../../src/options/parse/parse-flags.ts';
import { optionsOf } from '../../../src/options/schema/shared-options.ts';
import { signStringRows } from '../../../src/options/schema/command-rows.ts';

interface Given {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  readonly profile?: Record<string, string>;
  readonly rows?: readonly OptionRow[];
}

/** Every option of a command. */
export function rowsOf(name: CommandName): readonly OptionRow[] {
  return name === 'sign-string' ? [...signStringRows, ...optionsOf(name)] : optionsOf(name);
}

/** The values of a command for arguments, environment and the keys of a profile called on-prem. */
export function valuesOf(name: CommandName, { args = [], env = {}, profile, rows }: Given): Promise<OptionValues> {
  const keys: ProfileKeys | undefined =
    profile === undefined ? undefined : { name: 'on-prem', keys: new Map(Object.entries(profile)), chain: [] };
  const options = rows ?? rowsOf(name);
  return gatherValues({ name, options }, { flags: parseFlags(args, options, false), env, profile: keys });
}
