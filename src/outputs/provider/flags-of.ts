import { RolesAnywhereError } from '../../core/errors.ts';
import { isObject, whatIs } from '../../core/given-shape.ts';
import type { CommandOptions, OptionRow } from '../../options/schema/option.ts';
import type { ParsedFlags } from '../../options/parse/parse-flags.ts';
import { Problems } from '../../options/parse/problems.ts';
import { libraryRows } from '../../options/schema/table.ts';
import type { RolesAnywhereTarget } from './init.ts';
import { propertyOf } from '../../options/schema/shared-options.ts';
import { isPlace, longestText } from './key-material.ts';

/** The options of credential-process that a provider has too, by init, environment and profile, and its own. */
export const providerOptions: CommandOptions = { name: 'credential-process', options: libraryRows };

/** What stands where the init holds no text; `withGivenParts` puts the thing itself there. */
const standIn = 'given';

/** The init as the flags of a command line. */
export function flagsOf(init: RolesAnywhereTarget): ParsedFlags {
  const problems = new Problems();
  const given = new Map<string, readonly string[]>();
  const properties: Readonly<Record<string, unknown>> = { ...init };
  for (const row of providerOptions.options) {
    const texts = problems.try(() => textsOf(row, properties[propertyOf(row.flag)]));
    if (texts !== undefined) given.set(row.flag, texts);
  }
  problems.throwAny();
  if (init.identity !== undefined) given.set('certificate', [standIn]);
  return { given, words: [], faults: [] };
}

const materials: ReadonlySet<string> = new Set(['certificate', 'private-key', 'intermediates']);

function textsOf(row: OptionRow, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (row.flag === 'assume-role')
    return Array.isArray(value) ? Array.from(value, roleArnOf) : fail(row, 'a list of roles', value);
  if (materials.has(row.flag)) return [isPlace(value) ? bounded(row, value) : standIn];
  if (row.secret && typeof value === 'function') return [standIn];
  if (row.kind === 'boolean') return typeof value === 'boolean' ? [String(value)] : fail(row, 'true or false', value);
  if (row.kind === 'integer') return typeof value === 'number' ? [String(value)] : fail(row, 'a number', value);
  return typeof value === 'string' ? [bounded(row, value)] : fail(row, 'a string', value);
}

function roleArnOf(hop: unknown, at: number): string {
  if (isObject(hop)) {
    const roleArn = 'roleArn' in hop ? hop.roleArn : undefined;
    if (typeof roleArn === 'string' && roleArn.length <= longestText) return roleArn;
    throw new RolesAnywhereError('OPTION_INVALID', `roleChain[${at}] has no roleArn`);
  }
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `roleChain[${at}] must be an object with a roleArn, not ${whatIs(hop)}`,
  );
}

function bounded(row: OptionRow, text: string): string {
  if (text.length <= longestText) return text;
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `--${row.flag} has ${text.length} characters, and may have ${longestText}`,
  );
}

/** The value is not shown: it may be a key that took the place of another option. */
function fail(row: OptionRow, demand: string, value: unknown): never {
  throw new RolesAnywhereError('OPTION_INVALID', `--${row.flag} must be ${demand}, not ${whatIs(value)}`);
}
