import { RolesAnywhereError } from '../../core/errors.ts';

/** Takes what goes wrong in each of several checks, so that one call names everything there is to mend. */
export class Problems {
  readonly #found: RolesAnywhereError[] = [];

  add(problem: RolesAnywhereError): void {
    this.#found.push(problem);
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** The check's result; undefined when it threw a RolesAnywhereError, which is kept. */
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
