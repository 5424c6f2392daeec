import { RolesAnywhereError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { AwsFiles } from '../profile/aws-files.ts';

/** Why there is no such profile: a header that was meant for it, a name like it, or the names that there are. */
export function explainMissing(name: string, askedBy: string, files: AwsFiles): RolesAnywhereError {
  const names = [...files.profiles.keys()];
  const meant = nearest(name, names);
  return new RolesAnywhereError('CONFIG_PROFILE', `${askedBy}: no profile ${name} in ${files.places}`, {
    hints: [
      ...hintsOfHeader(name, files.headers),
      ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
      names.length === 0 ? 'there are no profiles' : `there are ${names.join(', ')}`,
    ],
  });
}

function hintsOfHeader(name: string, headers: readonly string[]): readonly string[] {
  const header = headers.find((each) => nameMeant(each) === name);
  if (header === undefined) return [];
  const right = headerFor(name);
  if (right.includes(header)) return [`[${header}] has no keys`];
  return [`[${header}] does not count: write [${right[0]}]`];
}

/** The name that somebody had in mind who wrote a header: without `profile `, with blanks or quotes too many or too few. */
function nameMeant(header: string): string {
  const name = header.trim().replace(/^profile\s+/, '');
  return name.replace(/^(["'])(.*)\1$/, '$2').trim();
}

/** The headers that every reader of such a name finds, the one to write first. */
function headerFor(name: string): readonly string[] {
  if (name === 'default') return ['default', 'profile default'];
  const quoted = [`profile "${name}"`, `profile '${name}'`];
  return /[\s"'\\]/.test(name) ? quoted : [`profile ${name}`, ...quoted];
}
