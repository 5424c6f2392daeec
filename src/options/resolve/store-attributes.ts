/**
 * What stands behind the scheme of a key store: nothing, or `?name=value&…`, percent-encoded where need be.
 *
 * @returns undefined for anything else, for names that are not known, and for one that comes twice
 */
export function attributesOf(text: string, known: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (text === '') return new Map();
  if (!text.startsWith('?')) return undefined;
  const pairs = text.slice(1).split('&').map(pairOf);
  const found = new Map(pairs.filter((pair) => pair !== undefined));
  return found.size === pairs.length && [...found.keys()].every((name) => known.includes(name)) ? found : undefined;
}

function pairOf(text: string): readonly [string, string] | undefined {
  const [, name, encoded] = /^([\w-]+)=(.+)$/s.exec(text) ?? [];
  const value = encoded === undefined ? undefined : decoded(encoded);
  return name === undefined || value === undefined || /\p{Cc}/u.test(value) ? undefined : [name, value];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
