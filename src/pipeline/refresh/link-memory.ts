import type { Credentials } from '../../core/credentials.ts';
import type { Clock } from './clock.ts';
import { type ExpiringSet, expiringSet, timeLeft } from './credential-set.ts';
import { renewalWindow } from './renewal-window.ts';

/** The sets of all links of one chain, each for itself. */
export class LinkMemory {
  readonly #clock: Clock;
  #sets: readonly (ExpiringSet | undefined)[] = [];
  readonly #outdated = new WeakSet<Credentials>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get sets(): readonly (Credentials | undefined)[] {
    return this.#sets.map((set) => set?.credentials);
  }

  /** @returns the copy that is stored */
  store(at: number, credentials: Credentials): Credentials {
    const set = expiringSet(credentials, this.#clock);
    this.#sets = Object.assign([...this.#sets], { [at]: set });
    return set.credentials;
  }

  /** From now on what is stored serves only where a new set cannot be had. */
  outdate(): void {
    for (const set of this.sets) if (set !== undefined) this.#outdated.add(set);
  }

  readonly isValid = (set: Credentials): boolean => {
    const found = this.#find(set);
    return found !== undefined && timeLeft(found, this.#clock) > 0;
  };

  readonly isFresh = (set: Credentials): boolean => {
    const found = this.#find(set);
    if (found === undefined || this.#outdated.has(set)) return false;
    return timeLeft(found, this.#clock) > renewalWindow(found.lifetime);
  };

  #find(set: Credentials): ExpiringSet | undefined {
    return this.#sets.find((known) => known?.credentials === set);
  }
}
