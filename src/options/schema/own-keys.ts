import { profileKeyName } from './option-row.ts';
import { optionTable } from './table.ts';

/** Options that do not say what credentials to get, so that they may stand in any profile on the way to these. */
const aside: ReadonlySet<string> = new Set([
  ...['ca-bundle', 'no-verify-ssl', 'with-proxy', 'max-attempts', 'connect-timeout', 'request-timeout'],
  ...['use-fips-endpoint', 'use-dualstack-endpoint', 'sts-endpoint', 'failover-on-refusal'],
  ...['cache', 'cache-dir', 'debug'],
]);

/** The rest of the options by which credentials are got; what other commands alone have says nothing of these either. */
const deciding: ReadonlySet<string> = new Set(
  optionTable.filter(({ flag }) => !aside.has(flag)).map((row) => profileKeyName(row)),
);

/** Whether a `roles_anywhere_` key is one that says nothing of what credentials to get. */
export function isAside(key: string): boolean {
  return aside.has(key.slice('roles_anywhere_'.length).replaceAll('_', '-'));
}

/** Whether the keys of a profile say what credentials to get: `roles_anywhere_cache` alone does not. */
export function hasOwnKeys(keys: ReadonlyMap<string, unknown>): boolean {
  return [...keys.keys()].some((key) => deciding.has(key));
}
