/** A message on one line, with control characters written out: what a server sends must not drive the terminal. */
export function printable(message: string): string {
  return message.replaceAll(
    /\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
