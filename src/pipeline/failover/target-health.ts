/** Milliseconds. */
const firstRest = 30_000;
const longestRest = 10 * 60_000;

interface Chance {
  /** Milliseconds since some moment. */
  readonly monotonic: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** One call to a target. */
export interface Trial {
  /** Whether it finds out if a target that failed before serves again. */
  readonly isProbe: boolean;
  succeeded(): void;
  /**
   * @param rests whether the target rests now; one that must not be passed over does not
   * @returns milliseconds that it rests
   */
  failed(rests: boolean): number;
}

/** Whether a target serves, as far as is known. */
export class TargetHealth {
  readonly #chance: Chance;
  #failures = 0;
  #restsUntil = 0;
  #isProbed = false;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  get restsUntil(): number {
    return this.#restsUntil;
  }

  /** True also while somebody else finds out whether it serves again. */
  isResting(): boolean {
    return this.#failures > 0 && (this.#isProbed || this.#chance.monotonic() < this.#restsUntil);
  }

  begin(): Trial {
    const isProbe = this.#failures > 0;
    this.#isProbed = isProbe;
    return {
      isProbe,
      succeeded: () => {
        this.#isProbed = false;
        this.#failures = 0;
      },
      failed: (rests) => {
        this.#isProbed = false;
        return rests ? this.#rest() : 0;
      },
    };
  }

  /** Twice as long each time, up to a bound; half of it by chance, so that a fleet does not come back at once. */
  #rest(): number {
    const { monotonic, random } = this.#chance;
    this.#failures += 1;
    const milliseconds = Math.min(longestRest, firstRest * 2 ** (this.#failures - 1)) * (1 - random() / 2);
    this.#restsUntil = monotonic() + milliseconds;
    return milliseconds;
  }
}
