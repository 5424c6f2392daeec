import type { Credentials } from '../../core/credentials.ts';
import { renewalWindow } from '../refresh/renewal-window.ts';

/** A set and when it was had. */
export interface CachedSet {
  readonly credentials: Credentials;
  readonly obtainedAt: Date;
}

/** What one file of the cache holds: the sets of all links to the credentials that are handed out, in order. */
export interface CacheEntry {
  /** Which target of the plan served, counted from 0. */
  readonly target: number;
  readonly sets: readonly [CachedSet, ...CachedSet[]];
  /** After a renewal that failed: until then nobody tries again who has a set that still works. */
  readonly restsUntil?: Date;
}

/** The set that is handed out. */
export function lastSet({ sets }: CacheEntry): CachedSet {
  return sets.at(-1) ?? sets[0];
}

/** Whether a set works, and for so long yet that it needs no renewal: the rule of the refresher. */
export function isFresh({ credentials, obtainedAt }: CachedSet, now: Date): boolean {
  const end = credentials.expiration.getTime();
  return end - now.getTime() > renewalWindow(end - obtainedAt.getTime());
}

/** Less than that is no use to who gets it. */
const shortestUse = 1000;

export function isValid({ credentials }: CachedSet, now: Date): boolean {
  return credentials.expiration.getTime() - now.getTime() > shortestUse;
}

/** Whether an entry needs no renewal, or works and is not to be renewed yet, as that failed a moment ago. */
export function isGoodEnough(entry: CacheEntry, now: Date): boolean {
  const last = lastSet(entry);
  return isFresh(last, now) || (isValid(last, now) && entry.restsUntil !== undefined && now < entry.restsUntil);
}

/** CreateSession gives twelve hours at the most (API reference, CreateSession, durationSeconds). */
const longestLifetime = 12 * 60 * 60 * 1000;

/** The service's clock is not ours. */
const slack = 15 * 60 * 1000;

/** Clocks are put right by seconds all the time. */
const smallStep = 60 * 1000;

/**
 * Whether the times of an entry can be true. Where they lie in the future the clock has been set back since, and says
 * nothing any more about what has expired.
 */
export function isPlausible(entry: CacheEntry, now: Date): boolean {
  return entry.sets.every(({ credentials, obtainedAt }) => {
    const lifetime = credentials.expiration.getTime() - obtainedAt.getTime();
    return obtainedAt.getTime() <= now.getTime() + smallStep && lifetime > 0 && lifetime <= longestLifetime + slack;
  });
}
