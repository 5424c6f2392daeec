import { RolesAnywhereError } from '../../core/errors.ts';
import type { GivenOption } from '../parse/option-values.ts';
import type { CommandName } from './option-row.ts';
import { Problems } from '../parse/problems.ts';

/** A flag and the ones that it excludes. The official helper's, and those of the password's other sources. */
const exclusions: readonly (readonly [string, readonly string[]])[] = [
  ['certificate', ['cert-selector', 'system-store-name']],
  ['private-key', ['cert-selector', 'system-store-name', 'use-latest-expiring-certificate']],
  ['intermediates', ['cert-selector', 'use-latest-expiring-certificate']],
  ['cert-selector', ['reuse-pin', 'tpm-key-password', 'no-tpm-key-password']],
  ['reuse-pin', ['system-store-name', 'use-latest-expiring-certificate', 'tpm-key-password']],
  ...sourcesOf('tpm-key-password').map(
    (flag) => [flag, ['no-tpm-key-password', ...sourcesOf('pkcs8-password')]] as const,
  ),
  ...['pkcs8-password', 'pkcs11-pin', 'tpm-key-password', 'tpm-parent-password', 'tpm-hierarchy-password'].flatMap(
    oneSource,
  ),
];

/** The ways to give a password. */
function sourcesOf(flag: string): readonly [string, string, string] {
  return [flag, `${flag}-file`, `${flag}-fd`];
}

function oneSource(flag: string): readonly (readonly [string, readonly string[]])[] {
  const [value, file, fd] = sourcesOf(flag);
  return [
    [value, [file, fd]],
    [file, [fd]],
  ];
}

/** The official helper has this pair for sign-string alone. */
const ofSignString = ['reuse-pin', ['no-tpm-key-password']] as const;

/** Every pair of flags that exclude each other in a command. */
export function exclusionsOf(command: CommandName): readonly (readonly [string, string])[] {
  const all = command === 'sign-string' ? [...exclusions, ofSignString] : exclusions;
  return all.flatMap(([flag, others]) => others.map((other) => [flag, other] as const));
}

/**
 * Leaves out what is overruled: two that exclude each other are an error where they stand side by side, as on the
 * official helper's command line; where one comes from a nearer source, it overrules the other like it would overrule
 * itself. An option counts as given whatever its value.
 *
 * @throws RolesAnywhereError OPTION_CONFLICT: every pair at once
 */
export function withoutOverruled(given: readonly GivenOption[], command: CommandName): readonly GivenOption[] {
  const problems = new Problems();
  const overruled = new Set<GivenOption>();
  for (const [flag, otherFlag] of exclusionsOf(command)) {
    const one = given.find(({ row }) => row.flag === flag);
    const other = given.find(({ row }) => row.flag === otherFlag);
    if (one === undefined || other === undefined) continue;
    if (one.level === other.level) problems.add(conflict(one, other));
    else overruled.add(one.level > other.level ? one : other);
  }
  problems.throwAny();
  return given.filter((option) => !overruled.has(option));
}

function conflict(one: GivenOption, other: GivenOption): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_CONFLICT', `${one.origin} and ${other.origin} exclude each other`, {
    hints: ['give one of the two'],
  });
}
