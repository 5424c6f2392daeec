/** What somebody else chose, of one line, without characters that drive a terminal, and no longer than anybody reads. */
export function oneLine(text: string, most: number): string {
  return text
    .replace(/[\p{C}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, most);
}
