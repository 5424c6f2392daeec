import type { IdentityContext } from './identity.ts';

type AskSecret = NonNullable<IdentityContext['askSecret']>;

/**
 * What a person typed, for as long as an identity is in use: to open it anew, nobody is asked again. What was refused is
 * deleted.
 */
export class AnswerCache {
  readonly #ask: AskSecret | undefined;
  /** By the question. */
  readonly #answers = new Map<string, string>();

  constructor(ask: AskSecret | undefined) {
    this.#ask = ask;
  }

  /**
   * Answers the questions of one opening and of what it opened. A question that comes a second time says that the
   * answer was refused: a person is asked then.
   */
  forOpening(): AskSecret | undefined {
    const ask = this.#ask;
    if (ask === undefined) return undefined;
    const asked = new Set<string>();
    return async (question) => {
      const subject = [...asked].find((earlier) => isAbout(question, earlier)) ?? question;
      if (asked.has(subject)) this.#answers.delete(subject);
      asked.add(subject);
      const answer = this.#answers.get(subject) ?? (await ask(question));
      if (answer !== undefined) this.#answers.set(subject, answer);
      return answer;
    };
  }

  clear(): void {
    this.#answers.clear();
  }
}

/** Whether a question is an earlier one, or that with more words: `…, the last try before it locks`. */
function isAbout(question: string, earlier: string): boolean {
  return question === earlier || question.startsWith(`${earlier},`) || question.startsWith(`${earlier} `);
}
