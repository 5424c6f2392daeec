import { RolesAnywhereError } from '../../core/errors.ts';
import { splitForShell } from './split-command-line.ts';

/** Key and value of one section; a nested key stands under its parent: `rolesanywhere.endpoint_url`. */
export type ConfigSection = ReadonlyMap<string, string>;

/** The sections that count of an AWS configuration file, by the kind of their header and the name in it. */
export interface AwsConfig {
  readonly profiles: ReadonlyMap<string, ConfigSection>;
  readonly services: ReadonlyMap<string, ConfigSection>;
  /** What stands between the brackets of every header, whether it counts or not. */
  readonly headers: readonly string[];
}

/** Kinds of sections that the SDKs know; sections of another kind are passed over. */
const sectionKinds = new Set(['profile', 'sso-session', 'services']);

/**
 * Reads `~/.aws/config` as the SDK for JavaScript does (a test holds the two equal), where general ini readers split
 * names at dots and take off quotes. Names of profiles that only botocore finds count too, as those with blanks that
 * `aws configure` writes: what the AWS CLI calls us for must be found.
 *
 * A value ends at ` #` or ` ;`. A key with no value opens a group, to which the indented keys below belong. The value of
 * a `credential_process` that is broken over several lines has a backslash and a line break between them.
 *
 * @throws RolesAnywhereError CONFIG_INVALID for a profile called `__proto__`, on which the SDK gives up too
 */
export function parseAwsConfig(text: string): AwsConfig {
  const headers: string[] = [];
  const sections = readSections(text, (header) => {
    headers.push(header);
    return sectionName(header);
  });
  const profiles = new Map<string, ConfigSection>();
  const services = new Map<string, ConfigSection>();
  const plainDefault = sections.get('default');
  if (plainDefault !== undefined) profiles.set('default', plainDefault);
  for (const [name, section] of sections) {
    if (name.startsWith('profile.')) profiles.set(name.slice('profile.'.length), section);
    if (name.startsWith('services.')) services.set(name.slice('services.'.length), section);
  }
  return { profiles, services, headers };
}

/**
 * Reads `~/.aws/credentials`, where a section's name is that of its profile.
 * @throws RolesAnywhereError CONFIG_INVALID as above
 */
export function parseAwsCredentials(text: string): ReadonlyMap<string, ConfigSection> {
  return readSections(text, (header) => checked(header, header));
}

/** Sections by what `nameOf` makes of their headers. One without a name or without keys does not count. */
function readSections(text: string, nameOf: (header: string) => string | undefined): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: string | undefined;
  let group: string | undefined;
  let broken: BrokenLine | undefined;
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)[;#].*$/s, '').trim();
    if (broken !== undefined && goesOn(broken, raw, line)) {
      broken.text += `\n${line}`;
      broken.keys.set(broken.key, broken.text);
      continue;
    }
    broken = undefined;
    const header = headerOf(line) ?? headerBehindMarks(raw);
    if (header !== undefined) {
      section = nameOf(header);
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
    if (key === 'credential_process') broken = { keys, key, text: value };
  }
  return sections;
}

/** A `credential_process` that may go on in the next line. */
interface BrokenLine {
  readonly keys: Map<string, string>;
  readonly key: string;
  text: string;
}

/**
 * Whether a line is more of a command that is broken over several lines with backslashes, as posts print it. No SDK
 * reads it so. What looks like a setting is one.
 */
function goesOn({ text }: BrokenLine, raw: string, line: string): boolean {
  if (!text.endsWith('\\') || line === '' || headerOf(line) !== undefined) return false;
  return line.startsWith('-') || /^\s/.test(raw);
}

function headerOf(line: string): string | undefined {
  return line.startsWith('[') && line.endsWith(']') ? line.slice(1, -1) : undefined;
}

/**
 * Of a header that is one to botocore alone, for signs of a comment in its name or what follows it. A carriage return
 * ends a line for Python, and nothing is made of that.
 */
function headerBehindMarks(raw: string): string | undefined {
  if (raw.includes('\r')) return undefined;
  const header = /^\s*\[(.+)\]/s.exec(raw)?.[1];
  return header !== undefined && botocoreName(header) !== undefined ? header : undefined;
}

/**
 * The name of a section of the configuration file: `profile on-prem` and `profile "on-prem"` become `profile.on-prem`,
 * `default` stays; undefined for a kind that nobody knows.
 */
function sectionName(header: string): string | undefined {
  const [, kind, , name] = /^([\w-]+)\s(["'])?([\w\-@+.%:/]+)\2$/.exec(header) ?? [];
  if (kind !== undefined && sectionKinds.has(kind)) return checked(`${kind}.${name}`, header);
  const found = botocoreName(header);
  if (found !== undefined) return checked(found, header);
  return kind === undefined ? checked(header, header) : undefined;
}

/** As `build_profile_map` of botocore does: two words by the rules of the shell, of which the first one may go on. */
function botocoreName(header: string): string | undefined {
  const kind = /^(profile|services)/.exec(header)?.[1];
  if (kind === undefined || header.includes('\r')) return undefined;
  const words = splitForShell(header) ?? [];
  return words.length === 2 ? `${kind}.${words[1]}` : undefined;
}

function checked(name: string, header: string): string {
  if (!/^(profile\.)?__proto__$/.test(name)) return name;
  throw new RolesAnywhereError('CONFIG_INVALID', `a section of the configuration file is called [${header}]`);
}
