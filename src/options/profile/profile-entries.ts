import { RolesAnywhereError } from '../../core/errors.ts';
import type { AwsFiles } from './aws-files.ts';

/** A text by its key, and what messages call the place it came from. */
export type ProfileEntries = ReadonlyMap<string, { readonly text: string; readonly place: string }>;

/** The keys of a profile, as entries. */
export function entriesOf(name: string, files: AwsFiles): ProfileEntries {
  const keys = [...keysOf(name, files)];
  return new Map(keys.map(([key, text]) => [key, { text, place: `${key} of profile ${name}` }]));
}

/**
 * The keys of a profile, with those of the section that `services` names as `services.<service>.<key>`.
 * @throws RolesAnywhereError CONFIG_INVALID when there is no such section
 */
export function keysOf(name: string, files: AwsFiles): ReadonlyMap<string, string> {
  const keys = files.profiles.get(name) ?? new Map<string, string>();
  const services = [...servicesOf(keys.get('services'), files)];
  return new Map([...keys, ...services.map(([key, text]) => [`services.${key}`, text] as const)]);
}

function servicesOf(name: string | undefined, { services, places }: AwsFiles): ReadonlyMap<string, string> {
  if (name === undefined) return new Map();
  const section = services.get(name);
  if (section !== undefined) return section;
  throw new RolesAnywhereError('CONFIG_INVALID', `services = ${name}: no section [services ${name}] in ${places}`);
}
