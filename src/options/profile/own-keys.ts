import { RolesAnywhereError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import { ownKeys, profileKeys, surroundingKeys } from '../schema/table.ts';

const own: ReadonlySet<string> = new Set(ownKeys);
const surrounding: ReadonlySet<string> = new Set(surroundingKeys);

/** Whether the keys of a profile say what credentials to get: `roles_anywhere_cache` alone does not. */
export function hasOwnKeys(keys: ReadonlyMap<string, unknown>): boolean {
  return [...keys.keys()].some((key) => own.has(key));
}

/** Whether a `roles_anywhere_` key is one that says nothing of what credentials to get. */
export function isSurrounding(key: string): boolean {
  return surrounding.has(key);
}

/** Whether a `roles_anywhere_` key is one of `credential-process`. */
export function isKnown(key: string): boolean {
  return own.has(key) || surrounding.has(key);
}

/**
 * A roles_anywhere_ key of no command is a mistake, and so is one in upper case, which botocore would read.
 * @throws RolesAnywhereError CONFIG_INVALID
 */
export function checkKeyNames(keys: ReadonlyMap<string, unknown>): void {
  const unknown = [...keys.keys()].find((key) => /^roles_anywhere_/i.test(key) && !profileKeys.includes(key));
  if (unknown === undefined) return;
  const meant = nearest(unknown, profileKeys);
  throw new RolesAnywhereError('CONFIG_INVALID', `${unknown} is no option of roles-anywhere`, {
    hints: [meant === undefined ? 'docs/options.md lists the keys' : `did you mean ${meant}?`],
  });
}
