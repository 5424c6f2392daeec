import { RolesAnywhereError } from '../../core/errors.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { shown } from '../parse/problems.ts';

/**
 * The profiles of the credentials file that `update` writes, one for each profile of `--from-profile`: those of
 * `--profile`; without it `default`, or each profile's own name where there are several.
 *
 * @throws RolesAnywhereError OPTION_INVALID for names that clients cannot read, that are there twice, or of which there
 *   are too many or too few
 */
export function resolveProfiles(values: OptionValues): readonly string[] {
  const sources = [values, ...values.others];
  const isOwn = sources.length > 1 && !values.isGiven('profile');
  const names = isOwn
    ? sources.map(({ profileName }) => profileName ?? '')
    : values.list('profile').flatMap((text) => text.split(',').map((name) => name.trim()));
  const option = isOwn ? '--from-profile' : '--profile';
  const unreadable = names.find((name) => !isReadable(name));
  if (unreadable !== undefined) {
    throw invalid(`${option}: ${shown(unreadable)} cannot be a name in a credentials file`, [
      /^profile\s/.test(unreadable)
        ? 'leave out `profile `, which only ~/.aws/config has before the names'
        : 'it may hold no brackets, line breaks or comment signs after a blank, and begin and end with no blank',
    ]);
  }
  if (names.length !== sources.length) {
    throw invalid(`--profile names ${names.length} profiles for ${sources.length} of --from-profile`, [
      'give as many, with commas between them',
    ]);
  }
  const seen = new Set<string>();
  const twice = names.find((name) => seen.has(name) || !seen.add(name));
  if (twice !== undefined) throw invalid(`${option} names profile ${twice} twice`, []);
  return names;
}

/**
 * Whether botocore finds a section of that name in the credentials file. Not where another client would take the line
 * for something else than a header: what stands below it would then be the credentials of the profile above.
 */
function isReadable(name: string): boolean {
  const isHeader = /^[^[\]\p{Cc}]+$/u.test(name) && !/\s[#;]/.test(name) && name === name.trim();
  return isHeader && name !== '__proto__' && !/^(profile|services|sso-session)\s/.test(name);
}

function invalid(message: string, hints: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { hints });
}
