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

/** POSIX, Shell Command Language, section 2.2, without what would be expanded. */
export function splitForShell(line: string): readonly string[] | undefined {
  const piece =
    /'(?<plain>[^']*)'|"(?<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|\\(?<escaped>.)|(?<bare>[^ \t\r\n'"\\]+)|[ \t\r\n]+/suy;
  const words = new Words();
  while (piece.lastIndex < line.length) {
    const found = piece.exec(line);
    if (found === null) return undefined;
    const { plain, quoted, escaped, bare } = found.groups ?? {};
    const text = plain ?? quoted?.replaceAll(/\\(["\\])/g, '$1') ?? escaped ?? bare;
    if (text === undefined) words.end();
    else words.add(text);
  }
  return words.all();
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
