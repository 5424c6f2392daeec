import { RolesAnywhereError } from '../../core/errors.ts';
import { looksLikeContent } from '../../core/looks-like-content.ts';

/** Takes what goes wrong in each of several checks, so that one call names everything there is to mend. */
export class Problems {
  readonly #found: RolesAnywhereError[] = [];

  add(problem: RolesAnywhereError): void {
    this.#found.push(problem);
  }

  get all(): readonly RolesAnywhereError[] {
    return this.#found;
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** The check's result; undefined when it threw a RolesAnywhereError, which is one of the problems. */
  try<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof RolesAnywhereError)) throw error;
      this.#found.push(error);
      return undefined;
    }
  }

  /** @throws RolesAnywhereError the first problem, with the others among its hints */
  throwAny(): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    const also = others.flatMap(({ message, hints }) => [`also: ${message}`].concat(hints));
    throw new RolesAnywhereError(first.code, first.message, {
      cause: first.cause,
      hints: [...new Set([...first.hints, ...also])],
    });
  }
}

/** What stands for a value in instructions: `<region>`, `${ACCOUNT}`. No ARN and no region holds such brackets. */
export function placeholderHints(text = ''): readonly string[] {
  const [first, ...others] = new Set(text.slice(0, 2048).match(/<[^<>]{1,64}>|\$?\{[^{}]{1,64}\}/g));
  if (first === undefined) return [];
  const all = others.length === 0 ? `placeholder ${first}` : `placeholders ${[first, ...others].join(', ')}`;
  return [`replace the ${all} by your own`];
}

/** A value as messages show it. A key pasted in place of its path must not come out. */
export function shown(text: string): string {
  if (looksLikeContent(text) || text.length > 1200) return '(not shown: it looks like the content of a file)';
  return JSON.stringify(text);
}
