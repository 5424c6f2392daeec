import { RolesAnywhereError } from '../../core/errors.ts';
import { gatherValues, readValues } from '../../options/parse/read-values.ts';
import { missingOptions } from '../../options/explain/explain-request.ts';
import { environmentName, type OptionRow } from '../../options/schema/option.ts';
import type { OptionValues } from '../../options/parse/option-values.ts';
import type { ParsedFlags } from '../../options/parse/parse-flags.ts';
import { settings } from '../../options/schema/table.ts';
import type { ProfileName } from './profile-name.ts';
import { providerOptions } from './flags-of.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options of a way from init, environment and profile.
 *
 * @param profile the one to look at where neither `profile` nor ARNs are given; undefined for none
 * @throws RolesAnywhereError OPTION_*, CONFIG_*, FILE_FAILED; NOT_CONFIGURED where nothing says whose credentials
 */
export async function readWay(
  flags: ParsedFlags,
  env: Environment,
  profile: ProfileName | undefined,
): Promise<OptionValues> {
  if (flags.given.has('from-profile')) return readValues(providerOptions, flags, env);
  const found = profile === undefined ? undefined : await lookAt(profile, env);
  const values = await gatherValues(providerOptions, { flags, env, profile: found });
  if (found === undefined && !values.rows.some((row) => isDeciding(row, values))) throw notConfigured(profile);
  return values;
}

async function lookAt({ name, origin }: ProfileName, env: Environment) {
  const { readImpliedProfile } = await import('../../options/profile/implied-profile.ts');
  return readImpliedProfile(name, origin, env);
}

/** Variables that others read too, such as PKCS11_MODULE_PATH, were not set for us. */
function isDeciding(row: OptionRow, values: OptionValues): boolean {
  const isOurs = [`--${row.flag}`, environmentName(row)].includes(values.origin(row.flag));
  return isOurs && !settings.includes(row.flag) && (row.kind !== 'list' || values.list(row.flag).length > 0);
}

function notConfigured(profile: ProfileName | undefined): RolesAnywhereError {
  const { message, hints } = missingOptions(['trust-anchor-arn', 'profile-arn', 'role-arn', 'certificate']);
  return new RolesAnywhereError('NOT_CONFIGURED', `nothing is configured: ${message}`, {
    hints: [
      ...hints,
      ...(profile === undefined ? [] : [`${profile.origin} is not there, or has no options of Roles Anywhere`]),
    ],
  });
}
