import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext, SecretSource } from '../../identity.ts';
import { readSecret } from '../../read-source.ts';

/** Whose password: of the key, or of what it hangs from, a parent key or a hierarchy. */
export type PasswordOwner = 'key' | 'parent';

/** The TPM refused a password. */
export class PasswordRefused extends Error {
  readonly owner: PasswordOwner;
  /** Wrong ones left before the TPM locks; undefined where they are not counted. */
  readonly triesLeft: number | undefined;

  constructor(owner: PasswordOwner, triesLeft: number | undefined, cause: unknown) {
    super('the password was refused', { cause });
    this.owner = owner;
    this.triesLeft = triesLeft;
  }
}

/** What a password belongs to and how it is given. */
export interface PasswordSettings {
  /** How messages name the key file or handle. */
  readonly origin: string;
  readonly owner: PasswordOwner;
  /** For messages: `the key`, `the parent of the key`, `the hierarchy of the key`. */
  readonly ownerName: string;
  /** `--tpm-key-password` */
  readonly option: string;
  readonly source: SecretSource | undefined;
  /** What to do where no source is given: ask for it, or take the empty one. */
  readonly otherwise: 'ask' | 'empty';
  /** What else may be wrong where the empty one is refused. */
  readonly hint?: string | undefined;
}

const maxQuestions = 2;

/** One password of a TPM: given, asked for or empty. What the TPM refused is never sent again. */
export class TpmPassword {
  readonly #settings: PasswordSettings;
  readonly #ask: IdentityContext['askSecret'];
  #value: Buffer | undefined;
  #questions = 0;
  #refusal: RolesAnywhereError | undefined;

  private constructor(settings: PasswordSettings, ask: IdentityContext['askSecret']) {
    this.#settings = settings;
    this.#ask = ask;
  }

  /** Reads or asks. @throws RolesAnywhereError PASSWORD_UNREADABLE, PASSWORD_MISSING */
  static async open(
    settings: PasswordSettings,
    context: Pick<IdentityContext, 'askSecret' | 'environment'>,
  ): Promise<TpmPassword> {
    const password = new TpmPassword(settings, context.askSecret);
    if (settings.source !== undefined) password.#value = await readSecret(settings.source, context);
    else if (settings.otherwise === 'empty') password.#value = Buffer.alloc(0);
    else password.#value = await password.#question();
    return password;
  }

  /**
   * Runs `attempt` with the password as TPMs store it, without zeros at its end (TPM 2.0 Library, part 1, "authValue").
   * Where a person was asked for it and it is refused, the person is asked once more.
   *
   * @throws RolesAnywhereError TPM_PASSWORD_WRONG, PASSWORD_MISSING, and what `attempt` throws beside PasswordRefused
   */
  async use<T>(attempt: (authValue: Uint8Array) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#refusal !== undefined) throw this.#refusal;
      this.#value ??= await this.#question();
      try {
        return await attempt(withoutTrailingZeros(this.#value));
      } catch (error) {
        if (!(error instanceof PasswordRefused) || error.owner !== this.#settings.owner) throw error;
        this.#refused(error);
      }
    }
  }

  /** Overwrites it; it cannot be used any more. */
  wipe(): void {
    this.#value?.fill(0);
  }

  #refused(error: PasswordRefused): void {
    const wasAsked = this.#questions > 0;
    const isLastTry = error.triesLeft !== undefined && error.triesLeft <= 1;
    if (wasAsked && this.#questions < maxQuestions && !isLastTry) {
      this.wipe();
      this.#value = undefined;
      return;
    }
    this.#refusal = this.#explain(error);
    throw this.#refusal;
  }

  #explain(error: PasswordRefused): RolesAnywhereError {
    const { origin, ownerName, option, source, hint } = this.#settings;
    const isEmpty = this.#questions === 0 && source === undefined;
    const message = isEmpty
      ? `${origin}: ${ownerName} has a password, and none was given`
      : `${origin}: the TPM refused the password of ${ownerName}${source === undefined ? '' : `, given by ${source.option}`}`;
    const hints = isEmpty
      ? [`give it by ${option}, ${option}-file or ${option}-fd`, ...(hint === undefined ? [] : [hint])]
      : [];
    if (error.triesLeft !== undefined) hints.push(countedHint(error.triesLeft));
    return new RolesAnywhereError('TPM_PASSWORD_WRONG', message, { cause: error.cause, hints });
  }

  async #question(): Promise<Buffer> {
    const { origin, ownerName, option } = this.#settings;
    const again = this.#questions > 0 ? ' again, for it was refused' : '';
    this.#questions += 1;
    const answer = await this.#ask?.(`password of ${ownerName} (${origin})${again}`);
    if (answer !== undefined) return Buffer.from(answer, 'utf8');
    throw new RolesAnywhereError(
      'PASSWORD_MISSING',
      `${origin}: ${ownerName} may have a password, and none was given`,
      {
        hints: [`give it by ${option}, ${option}-file or ${option}-fd`, 'say --no-tpm-key-password where it has none'],
      },
    );
  }
}

function countedHint(triesLeft: number): string {
  return triesLeft === 0
    ? 'the TPM counted it and is locked now: tpm2_dictionarylockout --clear-lockout unlocks it'
    : `the TPM counted it: ${triesLeft} more wrong ones lock it for a time`;
}

function withoutTrailingZeros(value: Uint8Array): Uint8Array {
  const length = value.findLastIndex((octet) => octet !== 0) + 1;
  return value.subarray(0, length);
}
