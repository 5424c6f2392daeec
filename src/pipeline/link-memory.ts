import type { Credentials } from '../core/credentials.ts';
import type { TargetHealth } from './failover/target-health.ts';

/** One step to the credentials: CreateSession, which needs none before it, or a role to assume with those before it. */
export type Link = (previous: Credentials | undefined) => Promise<Credentials>;

/** What is known from before of the links of one target, in order, and how it is judged. */
export interface ChainMemory {
  readonly sets: readonly (Credentials | undefined)[];
  /** Whether a set works long enough to be used for the next link as it is. */
  readonly isFresh: (set: Credentials) => boolean;
  /** Whether it has not expired: good enough where a newer one cannot be had. */
  readonly isValid: (set: Credentials) => boolean;
  /** @returns the copy that is stored */
  readonly store: (at: number, credentials: Credentials) => Credentials;
  /** From now on what is stored serves only where a new set cannot be had. */
  readonly outdate: () => void;
}

/** What is known from before of a whole plan. */
export interface PlanMemory {
  readonly chain: (target: number) => ChainMemory;
  /** Of each target; where it is not given, nothing is known of them. */
  readonly health?: readonly TargetHealth[];
}

/** Of who asks once: nothing. */
export const noMemory: ChainMemory = {
  sets: [],
  isFresh: () => false,
  isValid: () => false,
  store: (_at, credentials) => credentials,
  outdate: () => undefined,
};

/** How a memory tells for how long a set works. */
export interface Judge<Known> {
  /** The set as it is stored, on the day it is got. */
  readonly know: (credentials: Credentials) => Known;
  readonly isFresh: (known: Known) => boolean;
  readonly isValid: (known: Known) => boolean;
}

/** The sets of all links of one target, each for itself: in the memory of the process, or out of the disk cache. */
export class LinkMemory<Known extends { readonly credentials: Credentials }> implements ChainMemory {
  readonly #judge: Judge<Known>;
  #known: readonly (Known | undefined)[];
  readonly #outdated = new WeakSet<Credentials>();

  constructor(judge: Judge<Known>, known: readonly (Known | undefined)[] = []) {
    this.#judge = judge;
    this.#known = known;
  }

  get known(): readonly (Known | undefined)[] {
    return this.#known;
  }

  get sets(): readonly (Credentials | undefined)[] {
    return this.#known.map((known) => known?.credentials);
  }

  readonly store = (at: number, credentials: Credentials): Credentials => {
    const known = this.#judge.know(credentials);
    this.#known = Object.assign([...this.#known], { [at]: known });
    return known.credentials;
  };

  readonly outdate = (): void => {
    for (const set of this.sets) if (set !== undefined) this.#outdated.add(set);
  };

  readonly isValid = (set: Credentials): boolean => {
    const known = this.#find(set);
    return known !== undefined && this.#judge.isValid(known);
  };

  readonly isFresh = (set: Credentials): boolean => {
    const known = this.#find(set);
    return known !== undefined && !this.#outdated.has(set) && this.#judge.isFresh(known);
  };

  #find(set: Credentials): Known | undefined {
    return this.#known.find((known) => known?.credentials === set);
  }
}
