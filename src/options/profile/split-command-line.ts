import { sep } from 'node:path';

/**
 * The words of a `credential_process` line, as botocore splits it: by the rules of the shell's quotes, on Windows by
 * those of the C runtime (SDK guide, "Process credential provider"). Nothing is expanded.
 *
 * @returns undefined where a quote is never closed
 */
export function splitCommandLine(line: string): readonly string[] | undefined {
  return sep === '\\' ? splitForWindows(line) : splitForShell(line);
}

const outsideQuotes = /(?<quote>")|'(?<plain>[^']*)'|\\(?<escaped>.)|(?<bare>[^ \t\r\n'"\\]+)|[ \t\r\n]+/suy;
const insideQuotes = /(?<quote>")|\\(?<escaped>["\\])|(?<bare>[^"\\]+|\\)/suy;

/** POSIX, Shell Command Language, section 2.2, without what would be expanded. */
export function splitForShell(line: string): readonly string[] | undefined {
  const words = new Words();
  let isQuoted = false;
  for (let at = 0; at < line.length;) {
    const piece = isQuoted ? insideQuotes : outsideQuotes;
    piece.lastIndex = at;
    const found = piece.exec(line);
    if (found === null) return undefined;
    at = piece.lastIndex;
    const { quote, plain, escaped, bare } = found.groups ?? {};
    if (quote !== undefined) isQuoted = !isQuoted;
    const text = quote === undefined ? (plain ?? escaped ?? bare) : '';
    if (text === undefined) words.end();
    else words.add(text);
  }
  return isQuoted ? undefined : words.all();
}

/** "Parsing C command-line arguments": backslashes are what they are, but for those before a double quote. */
export function splitForWindows(line: string): readonly string[] | undefined {
  const words = new Words();
  let isQuoted = false;
  for (const [text, backslashes] of line.matchAll(/(\\*)"|\\+|[ \t]+|[^\\" \t]+/g)) {
    if (backslashes !== undefined) {
      const isEscaped = backslashes.length % 2 === 1;
      words.add('\\'.repeat(Math.floor(backslashes.length / 2)) + (isEscaped ? '"' : ''));
      if (!isEscaped) isQuoted = !isQuoted;
    } else if (!isQuoted && /^[ \t]/.test(text)) words.end();
    else words.add(text);
  }
  return isQuoted ? undefined : words.all();
}

/** Words that are put together from pieces; an empty piece, of two quotes, is a word too. */
class Words {
  readonly #done: string[] = [];
  #current: string | undefined;

  add(piece: string): void {
    this.#current = (this.#current ?? '') + piece;
  }

  end(): void {
    if (this.#current !== undefined) this.#done.push(this.#current);
    this.#current = undefined;
  }

  all(): readonly string[] {
    this.end();
    return this.#done;
  }
}
