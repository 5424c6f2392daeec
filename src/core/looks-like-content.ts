/**
 * Whether a text is rather the content of a key file than the path or value it was given as: PEM, or a long run of
 * base64 or hexadecimal. Such a text must not come out in a message: a shell variable that holds the key itself is a
 * usual mistake.
 *
 * A path has dots or begins like a path, and none of its segments is longer than the 255 bytes that file systems take.
 */
export function looksLikeContent(text: string): boolean {
  if (/-----|[\r\n]/.test(text) || /[^/\\]{256,}/.test(text)) return true;
  return /^[\w+/=-]{60,}$/.test(text) && !/^(?:[/\\~]|[A-Za-z]:)/.test(text);
}
