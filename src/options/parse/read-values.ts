import { gatherValues } from './gather-values.ts';
import type { CommandOptions } from '../schema/option.ts';
import type { OptionValues } from './option-values.ts';
import type { ParsedFlags } from './parse-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Takes flags, environment and the profiles of `--from-profile` together. Flags and environment hold for every profile.
 * The configuration file is read for `--from-profile` alone: a broken one is nobody's business otherwise.
 *
 * @throws RolesAnywhereError OPTION_*, CONFIG_*, FILE_FAILED
 */
export async function readValues(command: CommandOptions, flags: ParsedFlags, env: Environment): Promise<OptionValues> {
  const names = flags.given.get('from-profile');
  if (names === undefined) return gatherValues(command, { flags, env, profile: undefined });
  const { readProfiles } = await import('../profile/from-profile.ts');
  const [first, ...others] = await readProfiles(names, env, command);
  return {
    ...(await gatherValues(command, { flags, env, profile: first })),
    others: await Promise.all(others.map((profile) => gatherValues(command, { flags, env, profile }))),
  };
}
