import { RolesAnywhereError } from '../errors.ts';
import type { OptionValues } from './option-values.ts';
import { shown } from './shown.ts';

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
  const misfit = names.find((name) => !isReadable(name));
  if (misfit !== undefined) {
    throw invalid(`${option}: ${shown(misfit)} is no name of a profile that every client can read`, [
      'letters, digits and -_@+.%:/ are fine',
    ]);
  }
  if (names.length !== sources.length) {
    throw invalid(`--profile names ${names.length} profiles for ${sources.length} of --from-profile`, [
      'give as many, with commas between them',
    ]);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(`${option} names profile ${twice} twice`, []);
  return names;
}

/** Blanks, brackets, quotes and comment signs are read one way by one client and another way by the next. */
function isReadable(name: string): boolean {
  return /^[^\s[\]"'#;=\p{Cc}]+$/u.test(name) && name !== '__proto__';
}

function invalid(message: string, hints: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { hints });
}
