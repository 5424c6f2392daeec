import { RolesAnywhereError } from '../../core/errors.ts';
import { environmentName, profileKeyName } from '../schema/option.ts';
import type { OptionValues } from '../parse/option-values.ts';

/**
 * Names options that are missing, and every way to give each of them.
 *
 * @param unread hints at what somebody may take for given
 */
export function missingOptions(
  flags: readonly string[],
  profileName?: string,
  unread: readonly string[] = [],
): RolesAnywhereError {
  const rows = flags.map((flag) => ({ flag }));
  const names = flags.map((flag) => `--${flag}`);
  const all = names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const profile = profileName === undefined ? 'the profile of --from-profile' : `profile ${profileName}`;
  return new RolesAnywhereError('OPTION_MISSING', `${all} ${names.length < 2 ? 'is' : 'are'} missing`, {
    hints: [
      ...unread,
      ...rows.map((row) => `give --${row.flag}, ${environmentName(row)}, or ${profileKeyName(row)} in ${profile}`),
    ],
  });
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where options seem to come from and do not: AWS_PROFILE, which belongs to whoever calls us, and the flag of `update`. */
export function unreadProfiles(values: OptionValues, env: Environment): readonly string[] {
  if (values.profileName !== undefined) return [];
  const variable = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'].find((name) => env[name]);
  const target = values.rows.some(({ flag }) => flag === 'profile') ? values.list('profile').join(',') : undefined;
  return [
    ...(target === undefined
      ? []
      : [`--profile names the profile to write; to read options from one, give --from-profile ${quoted(target)}`]),
    ...(variable === undefined
      ? []
      : [
          `${variable} is set and not read: to read options from that profile, give --from-profile ${quoted(env[variable])}`,
        ]),
  ];
}

function quoted(name = ''): string {
  return /^[\w\-@+.%:/,]+$/.test(name) ? name : JSON.stringify(name);
}
