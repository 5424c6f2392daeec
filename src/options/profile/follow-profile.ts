import { RolesAnywhereError } from '../../core/errors.ts';
import type { NamedHop } from '../../aws/assume-role/role-hop.ts';
import { type AwsFiles, entriesOf, type ProfileEntries } from './aws-files.ts';
import type { ProfileKeys } from '../parse/option-values.ts';
import { type ProcessLine, readProcessLine } from './process-line.ts';
import { explainMissing, refuseRole, refuseSource, refuseUpperCase } from './refuse-profile.ts';
import { checkKeyNames, hasOwnKeys } from './own-keys.ts';
import { shown } from '../parse/problems.ts';
import { rolesOfEntries } from '../resolve/resolve-role-chain.ts';

/** What a profile comes to: options, and the roles to assume with the credentials that these give. */
interface FollowedProfile {
  readonly entries: ProfileEntries;
  /** The one assumed first is the first. */
  readonly chain: readonly NamedHop[];
}

/** The same, with what is to be told of it. */
type Outcome = FollowedProfile & { readonly warnings: readonly string[] };

/** More profiles than any chain of roles has: AWS has no limit, and each is a request. */
const longestWay = 100;

/** Who asks for a profile, and what for. */
interface Question {
  /** `--from-profile`, `source_profile of profile workload`. */
  readonly askedBy: string;
  /** Whether flags and environment may give what the profile does not: not where another profile relies on it. */
  readonly isOpen: boolean;
  /** The profiles on the way here. */
  readonly visited: readonly string[];
  /** Region of the STS of every role on the way: that of the profile asked for first, as in the SDKs. */
  readonly region: string | undefined;
}

/** AWS's own settings that the SDKs take from the profile they are asked for. */
const shared: ReadonlySet<string> = new Set([
  ...['ca_bundle', 'max_attempts', 'use_fips_endpoint', 'use_dualstack_endpoint', 'ignore_configured_endpoint_urls'],
  'services.sts.endpoint_url',
]);

/** What following a profile comes to, as the keys of one. */
export function followedKeys(name: string, files: AwsFiles, askedBy: string): ProfileKeys {
  const { entries, chain, warnings } = followProfile(name, files, askedBy);
  return {
    name,
    chain,
    warnings,
    keys: new Map([...entries].map(([key, { text }]) => [key, text])),
    places: new Map([...entries].map(([key, { place }]) => [key, place])),
  };
}

/**
 * Follows role_arn and source_profile as the SDKs do, down to the profile with the `roles_anywhere_` keys or with a
 * `credential_process` line of ours or of the official helper, and on by the `--from-profile` of that line.
 *
 * @param askedBy what messages call who asks for the profile
 * @throws RolesAnywhereError CONFIG_PROFILE, CONFIG_INVALID, OPTION_*
 */
export function followProfile(name: string, files: AwsFiles, askedBy = '--from-profile'): Outcome {
  const warnings: string[] = [];
  return { ...follow(name, { askedBy, isOpen: true, visited: [], region: undefined }), warnings };

  function follow(name: string, question: Question): FollowedProfile {
    const { askedBy, visited } = question;
    if (!files.profiles.has(name)) throw explainMissing(name, askedBy, files);
    if (visited.includes(name)) {
      throw new RolesAnywhereError('CONFIG_INVALID', `${askedBy} goes in a circle: ${[...visited, name].join(' -> ')}`);
    }
    if (visited.length >= longestWay) throw tooLong(visited);
    const entries = entriesOf(name, files);
    checkKeyNames(entries);
    const asked = { ...question, visited: [...visited, name] };
    if (entries.has('role_arn')) return followRole(name, entries, asked);
    if (!question.isOpen && !hasOwnKeys(entries)) refuseSource(name, entries, askedBy);
    const line = lineOf(name, entries);
    if (line?.warning !== undefined) warnings.push(line.warning);
    if (hasOwnKeys(entries) && line?.fromProfile !== name) return { entries, chain: [] };
    if (line !== undefined) return followLine(name, entries, line, asked);
    refuseUpperCase(name, entries);
    if (question.isOpen) return { entries, chain: [] };
    throw leadsNowhere(name, entries, askedBy);
  }

  function followRole(name: string, entries: ProfileEntries, { isOpen, visited, region }: Question): FollowedProfile {
    const source = refuseRole(name, entries, { hasOwnKeys: hasOwnKeys(entries), isSource: !isOpen });
    const stsRegion = region ?? entries.get('region')?.text;
    const askedBy = `source_profile of profile ${name}`;
    const below = follow(source, { askedBy, isOpen: false, visited, region: stsRegion });
    const roles = rolesOfEntries(below.entries, stsRegion);
    return {
      entries: inherit(entries, below.entries),
      chain: [...below.chain, ...roles, hopOf(name, entries, stsRegion)],
    };
  }

  function followLine(name: string, entries: ProfileEntries, line: ProcessLine, question: Question): FollowedProfile {
    const { fromProfile } = line;
    const askedBy = `--from-profile in credential_process of profile ${name}`;
    const below =
      fromProfile === undefined || fromProfile === name
        ? { entries, chain: [] }
        : follow(fromProfile, { askedBy, isOpen: true, visited: question.visited, region: undefined });
    return { entries: new Map([...below.entries, ...line.entries]), chain: below.chain };
  }
}

function lineOf(name: string, entries: ProfileEntries): ProcessLine | undefined {
  const line = entries.get('credential_process');
  return line === undefined ? undefined : readProcessLine(line.text, name);
}

/**
 * What a profile that leads on by role_arn says all the same, and the rest from its source. The roles that the source
 * says are in the chain by now.
 */
function inherit(own: ProfileEntries, source: ProfileEntries): ProfileEntries {
  const isAssumed = (key: string): boolean => /^roles_anywhere_(assume_role|external_id)$/.test(key);
  // For the SDKs' own STS client, endpoint_url is the endpoint of STS; here it must not become that of Roles Anywhere.
  const endpoint = own.get('endpoint_url');
  return new Map([
    ...[...source].filter(([key]) => !isAssumed(key)),
    ...(endpoint === undefined ? [] : [['services.sts.endpoint_url', endpoint] as const]),
    ...[...own].filter(([key]) => shared.has(key) || key.startsWith('roles_anywhere_')),
  ]);
}

function hopOf(name: string, entries: ProfileEntries, region: string | undefined): NamedHop {
  const text = (key: string): string | undefined => entries.get(key)?.text;
  const [externalId, roleSessionName] = [text('external_id'), text('role_session_name')];
  const duration = text('duration_seconds');
  if (duration !== undefined && !/^\d{1,9}$/.test(duration)) {
    const place = `duration_seconds of profile ${name}`;
    throw new RolesAnywhereError('CONFIG_INVALID', `${place} must be a whole number, not ${shown(duration)}`);
  }
  return {
    option: `role_arn of profile ${name}`,
    roleArn: text('role_arn') ?? '',
    ...(externalId === undefined ? {} : { externalId }),
    ...(roleSessionName === undefined ? {} : { roleSessionName }),
    ...(duration === undefined ? {} : { durationSeconds: Number(duration) }),
    ...(region === undefined ? {} : { region }),
  };
}

function tooLong([first]: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('CONFIG_INVALID', `profile ${first} leads through more than ${longestWay} profiles`, {
    hints: ['let a source_profile lead to the profile with the Roles Anywhere options sooner'],
  });
}

function leadsNowhere(name: string, entries: ProfileEntries, askedBy: string): RolesAnywhereError {
  const what = entries.has('credential_process')
    ? 'whose credential_process runs neither roles-anywhere nor aws_signing_helper'
    : 'which has neither roles_anywhere_ keys nor a credential_process of roles-anywhere or aws_signing_helper';
  return new RolesAnywhereError('CONFIG_PROFILE', `${askedBy} leads to profile ${name}, ${what}`, {
    hints: ['name the profile with the Roles Anywhere options as source_profile'],
  });
}
