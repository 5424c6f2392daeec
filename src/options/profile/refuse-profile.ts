import { RolesAnywhereError } from '../../core/errors.ts';
import type { AwsFiles, ProfileEntries } from './aws-files.ts';
import { nearest } from '../../core/nearest.ts';

/** Keys by which a profile gets credentials from elsewhere, and what to do about each. */
const elsewhere: readonly (readonly [key: string, hint: string])[] = [
  [
    'aws_access_key_id',
    'the SDKs use static keys before everything else: remove them, from the credentials file too, or name another source_profile',
  ],
  [
    'credential_source',
    'replace credential_source by a source_profile that names a profile with Roles Anywhere options',
  ],
  ['web_identity_token_file', 'roles that a web identity token opens need no certificate: let the SDK assume them'],
  ['sso_session', 'credentials of IAM Identity Center need no certificate: let the SDK get them'],
  ['sso_start_url', 'credentials of IAM Identity Center need no certificate: let the SDK get them'],
  ['login_session', 'credentials of a console login need no certificate: let the SDK get them'],
];

/**
 * Refuses what a source profile gets its credentials by, where that is not Roles Anywhere.
 * @throws RolesAnywhereError CONFIG_PROFILE
 */
export function refuseSource(name: string, entries: ProfileEntries, askedBy: string): void {
  const found = elsewhere.find(([key]) => entries.has(key));
  if (found === undefined) return;
  const [key, hint] = found;
  throw new RolesAnywhereError('CONFIG_PROFILE', `${askedBy} leads to profile ${name}, which has ${key}`, {
    hints: [hint],
  });
}

/** Keys by which a profile leads on. botocore takes them in upper case too, the SDKs for JavaScript and others do not. */
const leading: ReadonlySet<string> = new Set(['role_arn', 'source_profile', 'credential_process']);

/**
 * Refuses a profile that would lead on if its keys were in lower case.
 * @throws RolesAnywhereError CONFIG_INVALID
 */
export function refuseUpperCase(name: string, entries: ProfileEntries): void {
  const found = [...entries.keys()].find((key) => !leading.has(key) && leading.has(key.toLowerCase()));
  if (found === undefined) return;
  throw invalid(`profile ${name} has ${found}, which only the AWS CLI and boto3 read`, `write ${found.toLowerCase()}`);
}

/** What a profile with role_arn is besides. */
interface RoleProfile {
  readonly hasOwnKeys: boolean;
  /** Whether another profile names it as source_profile: static keys then go first, as in the SDKs. */
  readonly isSource: boolean;
}

/**
 * Refuses what a profile with role_arn cannot be followed with.
 *
 * @returns the profile that its source_profile names
 * @throws RolesAnywhereError CONFIG_INVALID
 */
export function refuseRole(name: string, entries: ProfileEntries, { hasOwnKeys, isSource }: RoleProfile): string {
  const source = entries.get('source_profile')?.text;
  if (hasOwnKeys) {
    const what = source === undefined ? 'role_arn' : 'role_arn with source_profile';
    throw invalid(
      `profile ${name} has roles_anywhere_ keys and also ${what}`,
      source === undefined
        ? 'the role of Roles Anywhere is roles_anywhere_role_arn'
        : 'keep the roles_anywhere_ keys in a profile of their own and name it as source_profile',
    );
  }
  if (source !== undefined && entries.has('credential_source')) {
    throw invalid(`profile ${name} has both source_profile and credential_source`, 'keep source_profile alone');
  }
  if (entries.has('mfa_serial')) {
    throw invalid(
      `profile ${name} has mfa_serial`,
      'nobody is there to type a code for a machine: remove mfa_serial, and the condition from the trust policy of the role',
    );
  }
  const found = elsewhere.find(([key]) => entries.has(key) && (isSource || key !== 'aws_access_key_id'));
  if (found !== undefined) throw invalid(`profile ${name} has role_arn and also ${found[0]}`, found[1]);
  if (source !== undefined) return source;
  throw invalid(
    `profile ${name} has role_arn and no source_profile`,
    'name the profile with the Roles Anywhere options as source_profile',
  );
}

function invalid(message: string, hint: string): RolesAnywhereError {
  return new RolesAnywhereError('CONFIG_INVALID', message, { hints: [hint] });
}

/** Why there is no such profile: a header that was meant for it, a name like it, or the names that there are. */
export function explainMissing(name: string, askedBy: string, files: AwsFiles): RolesAnywhereError {
  const names = [...files.profiles.keys()];
  const meant = nearest(name, names);
  return new RolesAnywhereError('CONFIG_PROFILE', `${askedBy}: no profile ${name} in ${files.places}`, {
    hints: [
      ...hintsOfHeader(name, files.headers),
      ...(meant === undefined ? [] : [`did you mean ${meant}?`]),
      names.length === 0 ? 'there are no profiles' : `there are ${listed(names)}`,
    ],
  });
}

/** As many as somebody may look through. */
function listed(names: readonly string[]): string {
  const [shown, others] = [names.slice(0, 50), names.length - 50];
  return others > 0 ? `${shown.join(', ')} and ${others} more` : shown.join(', ');
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
