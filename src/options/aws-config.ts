import { RolesAnywhereError } from '../errors.ts';

/** Key and value of one section; a nested key stands under its parent: `rolesanywhere.endpoint_url`. */
export type ConfigSection = ReadonlyMap<string, string>;

/** The sections that count of an AWS configuration file, by the kind of their header and the name in it. */
export interface AwsConfig {
  readonly profiles: ReadonlyMap<string, ConfigSection>;
  readonly services: ReadonlyMap<string, ConfigSection>;
}

/** Kinds of sections that the SDKs know; sections of another kind are passed over. */
const sectionKinds = new Set(['profile', 'sso-session', 'services']);

/**
 * Reads `~/.aws/config` as the SDK for JavaScript does (a test holds the two equal), where general ini readers split
 * names at dots and take off quotes.
 *
 * A value ends at ` #` or ` ;`. A key with no value opens a group, to which the indented keys below belong.
 *
 * @throws RolesAnywhereError CONFIG_INVALID for a profile called `__proto__`, on which the SDK gives up too
 */
export function parseAwsConfig(text: string): AwsConfig {
  const sections = readSections(text);
  const profiles = new Map<string, ConfigSection>();
  const services = new Map<string, ConfigSection>();
  const plainDefault = sections.get('default');
  if (plainDefault !== undefined) profiles.set('default', plainDefault);
  for (const [name, section] of sections) {
    if (name.startsWith('profile.')) profiles.set(name.slice('profile.'.length), section);
    if (name.startsWith('services.')) services.set(name.slice('services.'.length), section);
  }
  return { profiles, services };
}

/**
 * Reads `~/.aws/credentials`, where a section's name is that of its profile.
 * @throws RolesAnywhereError CONFIG_INVALID as above
 */
export function parseAwsCredentials(text: string): ReadonlyMap<string, ConfigSection> {
  return readSections(text);
}

/** Sections under the SDK's name for them: `profile.on-prem`, `default`. One without keys does not count. */
function readSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: string | undefined;
  let group: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)[;#].*$/s, '').trim();
    if (line.startsWith('[') && line.endsWith(']')) {
      section = sectionName(line.slice(1, -1));
      group = undefined;
      continue;
    }
    const equals = line.indexOf('=');
    if (section === undefined || section === '' || equals < 1) continue;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (value === '') {
      group = key;
      continue;
    }
    if (raw.trimStart() === raw) group = undefined;
    const keys = sections.get(section) ?? new Map<string, string>();
    keys.set(group === undefined ? key : `${group}.${key}`, value);
    sections.set(section, keys);
  }
  return sections;
}

/** `profile on-prem` and `profile "on-prem"` become `profile.on-prem`; undefined for a kind that nobody knows. */
function sectionName(header: string): string | undefined {
  if (header === '__proto__' || header === 'profile __proto__') {
    throw new RolesAnywhereError('CONFIG_INVALID', `a section of the configuration file is called [${header}]`);
  }
  const [, kind, , name] = /^([\w-]+)\s(["'])?([\w\-@+.%:/]+)\2$/.exec(header) ?? [];
  if (kind === undefined) return header;
  return sectionKinds.has(kind) ? `${kind}.${name}` : undefined;
}
