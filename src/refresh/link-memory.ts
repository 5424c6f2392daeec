import type { Credentials } from '../credentials.ts';
import type { Clock } from './clock.ts';
import { type HeldSet, holdSet, timeLeft } from './credential-set.ts';
import { renewalWindow } from './renewal-window.ts';

/** The sets of all links of one chain, each remembered for itself. */
export class LinkMemory {
  readonly #clock: Clock;
  #held: readonly (HeldSet | undefined)[] = [];
  readonly #outdated = new WeakSet<Credentials>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get sets(): readonly (Credentials | undefined)[] {
    return this.#held.map((held) => held?.credentials);
  }

  /** @returns the set as it is remembered */
  remember(at: number, credentials: Credentials): Credentials {
    const held = holdSet(credentials, this.#clock);
    this.#held = Object.assign([...this.#held], { [at]: held });
    return held.credentials;
  }

  /** From now on what is remembered serves only where a new set cannot be had. */
  outdate(): void {
    for (const set of this.sets) if (set !== undefined) this.#outdated.add(set);
  }

  readonly isValid = (set: Credentials): boolean => {
    const held = this.#find(set);
    return held !== undefined && timeLeft(held, this.#clock) > 0;
  };

  readonly isFresh = (set: Credentials): boolean => {
    const held = this.#find(set);
    if (held === undefined || this.#outdated.has(set)) return false;
    return timeLeft(held, this.#clock) > renewalWindow(held.lifetime);
  };

  #find(set: Credentials): HeldSet | undefined {
    return this.#held.find((held) => held?.credentials === set);
  }
}
