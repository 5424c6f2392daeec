/** Checks of what programs hand in: JavaScript has no compiler that would have refused a name or a kind of value. */
import { RolesAnywhereError } from './errors.ts';
import { nearest } from './nearest.ts';

/** A table with every key of a type: what the type gains or loses, the table has to gain or lose. */
export type KeysOf<T> = Readonly<Record<keyof T, true>>;

/** The names that an object may have. */
export interface KnownNames {
  readonly known: readonly string[];
  /** What lists them, where they are too many for a message: `docs/provider.md lists the options`. */
  readonly guide?: string;
  /** What to say of names that others might take for one of these: `did you mean durationSeconds?`. */
  readonly otherwise?: Readonly<Record<string, string>>;
}

/**
 * Refuses a key that nobody reads: a misspelt option would otherwise be no option. One that is undefined counts as not
 * given.
 *
 * @param place what stands before the key in a message: `roleChain[0].`
 * @throws RolesAnywhereError OPTION_UNKNOWN, naming every such key and what was likely meant
 */
export function refuseUnknownKeys(given: object, names: KnownNames, place = ''): void {
  const unknown = Object.entries(given).flatMap(([key, value]) =>
    value === undefined || names.known.includes(key) ? [] : [key],
  );
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, 5).map((key) => `${place}${printable(key)}`);
  const hints = unknown.slice(0, 5).flatMap((key) => {
    const hint = hintFor(key, names);
    if (hint === undefined) return [];
    return unknown.length === 1 ? hint : `${printable(key)}: ${hint}`;
  });
  throw new RolesAnywhereError('OPTION_UNKNOWN', `unknown option${shown.length > 1 ? 's' : ''} ${shown.join(', ')}`, {
    hints: hints.length > 0 ? hints : [names.guide ?? `there are ${names.known.join(', ')}`],
  });
}

/** The name that was likely meant, whatever its case and with or without dashes. */
export function meantBy(name: string, candidates: readonly string[]): string | undefined {
  const plain = squash(name);
  return candidates.find((candidate) => squash(candidate) === plain) ?? nearest(name.slice(0, 64), candidates);
}

function hintFor(key: string, { known, otherwise = {} }: KnownNames): string | undefined {
  const meant = meantBy(key, [...known, ...Object.keys(otherwise)]);
  if (meant === undefined) return undefined;
  return (known.includes(meant) ? undefined : otherwise[meant]) ?? `did you mean ${meant}?`;
}

function squash(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replaceAll(/[-_]|^roles_anywhere_/g, '');
}

/** A key of somebody's object, in one line: it may be anything, a value in the wrong place too. */
function printable(key: string): string {
  return /^[\w.-]{1,64}$/.test(key) ? key : '(not shown: no name of an option)';
}

/** Whether a value has keys of its own maker's, and is no list, bytes, Map, Date or the like. */
export function isObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** A value in words, without showing it: it may be a key or a password. */
export function whatIs(value: unknown): string {
  if (value === '') return 'an empty text';
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object') return `a value of type ${typeof value}`;
  const { constructor }: { constructor?: unknown } = value;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' || name === 'Object' ? 'an object' : `an object of type ${name.slice(0, 64)}`;
}
