import { RolesAnywhereError } from '../../core/errors.ts';
import { type Arn, type ArnKind, isRegion, isSessionName, parseArn } from '../resolve/arn.ts';
import { isSelected, readSources } from '../resolve/read-sources.ts';
import type { Environment, OptionValues } from '../parse/option-values.ts';
import { placeholderHints, Problems, shown } from '../parse/problems.ts';
import { explainRoleChain } from '../resolve/resolve-role-chain.ts';
import { environmentName, profileKeyName } from '../schema/option.ts';

const required = ['trust-anchor-arn', 'profile-arn', 'role-arn', 'certificate'];

const examples: Readonly<Record<ArnKind, string>> = {
  'trust anchor': 'arn:aws:rolesanywhere:<region>:<account>:trust-anchor/<id>',
  profile: 'arn:aws:rolesanywhere:<region>:<account>:profile/<id>',
  role: 'arn:aws:iam::<account>:role/<name>',
};

/** An ARN and what messages call the option that gave it. */
interface GivenArn extends Arn {
  readonly kind: ArnKind;
  readonly origin: string;
}

/**
 * Throws why resolveCredentialRequest makes nothing of these options.
 * @throws RolesAnywhereError OPTION_*, ARN_*: everything missing or wrong at once
 */
export function throwRequestProblems(values: OptionValues, env: Environment = {}): never {
  requestProblems(values, env).throwAny();
  throw new RolesAnywhereError('INTERNAL', 'options were refused without a reason');
}

/** Everything that is missing or wrong, each by itself. */
export function requestProblems(values: OptionValues, env: Environment = {}): Problems {
  const problems = new Problems();
  const isMissing = (flag: string): boolean => values.text(flag) === undefined;
  const missing = required.filter((flag) => isMissing(flag) && !(flag === 'certificate' && isSelected(values)));
  if (missing.length > 0) problems.add(missingOptions(missing, ownProfileOf(values), unreadProfiles(values, env)));
  explainArns(values, problems);
  problems.try(() => checkText(values, 'region', isRegion, 'a region such as eu-west-1'));
  problems.try(() =>
    checkText(values, 'role-session-name', isSessionName, '2 to 64 letters, digits or characters of _+=,.@-'),
  );
  explainRoleChain(values, problems);
  readSources(values, problems);
  return problems;
}

/** The profile to put keys into: not one that leads on by role_arn. */
function ownProfileOf({ profileName, profileChain }: OptionValues): string | undefined {
  return profileChain.length === 0 ? profileName : undefined;
}

function checkText(values: OptionValues, flag: string, isRight: (text: string) => boolean, demand: string): void {
  const text = values.text(flag);
  if (text === undefined || isRight(text)) return;
  throw new RolesAnywhereError('OPTION_INVALID', `${values.origin(flag)} must be ${demand}, not ${shown(text)}`, {
    hints: placeholderHints(text),
  });
}

function explainArns(values: OptionValues, problems: Problems): void {
  const trustAnchor = problems.try(() => readArn('trust anchor', 'trust-anchor-arn', values));
  const profile = problems.try(() => readArn('profile', 'profile-arn', values));
  const role = problems.try(() => readArn('role', 'role-arn', values));
  requireEqual(trustAnchor, profile, ['partition', 'region', 'account'], problems);
  requireEqual(profile ?? trustAnchor, role, ['partition', 'account'], problems);
}

function readArn(kind: ArnKind, flag: string, values: OptionValues): GivenArn | undefined {
  const text = values.text(flag);
  if (text === undefined) return undefined;
  const origin = values.origin(flag);
  const arn = parseArn(kind, text);
  if (arn !== undefined) return { ...arn, kind, origin };
  throw new RolesAnywhereError('ARN_INVALID', `${origin} is no ARN of a ${kind}: ${shown(text)}`, {
    hints: [...placeholderHints(text), `the ARN of a ${kind} looks like ${examples[kind]}`],
  });
}

function requireEqual(
  one: GivenArn | undefined,
  other: GivenArn | undefined,
  parts: readonly (keyof Arn)[],
  problems: Problems,
): void {
  if (one === undefined || other === undefined) return;
  for (const part of parts.filter((part) => one[part] !== other[part])) {
    const places = `${one.origin} is in ${one[part]}, ${other.origin} in ${other[part]}`;
    const message = `${one.kind} and ${other.kind} are not in the same ${part}: ${places}`;
    problems.add(new RolesAnywhereError('ARN_MISMATCH', message));
  }
}

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

/** Where options seem to come from and do not: AWS_PROFILE, which belongs to whoever calls us, and the flag of `update`. */
function unreadProfiles(values: OptionValues, env: Environment): readonly string[] {
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
