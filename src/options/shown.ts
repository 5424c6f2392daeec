/**
 * A value as messages show it. A key pasted in place of its path must not come out: PEM, or base64 of DER, which begins
 * with `MI`.
 */
export function shown(text: string): string {
  const looksLikeKey = /-----BEGIN|[\r\n]|^M[\w+/=-]{60,}$/.test(text);
  return looksLikeKey || text.length > 1200 ? '(not shown: it looks like the content of a file)' : JSON.stringify(text);
}
