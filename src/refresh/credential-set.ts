import type { Credentials } from '../credentials.ts';
import type { Clock } from './clock.ts';

type Clocks = Pick<Clock, 'now' | 'monotonic'>;

/** A set of credentials and its end by either clock. */
export interface HeldSet {
  readonly credentials: Credentials;
  /** Milliseconds it had left when it was got. */
  readonly lifetime: number;
  /** Its end by the wall clock, which goes on while the machine sleeps. */
  readonly expiresAt: number;
  /** Its end by the monotonic clock, which nobody can set back. */
  readonly deadline: number;
}

export function holdSet(credentials: Credentials, clock: Clocks): HeldSet {
  const expiresAt = credentials.expiration.getTime();
  const lifetime = expiresAt - clock.now().getTime();
  return { credentials: copyOf(credentials), lifetime, expiresAt, deadline: clock.monotonic() + lifetime };
}

/** Milliseconds until one of the two clocks says that it has expired; no more than 0 when it has. */
export function timeLeft(set: HeldSet, clock: Clocks): number {
  return Math.min(set.expiresAt - clock.now().getTime(), set.deadline - clock.monotonic());
}

/** A set of the caller's own: SDKs write into what they are given, and a Date can be set. */
export function copyOf(credentials: Credentials): Credentials {
  return { ...credentials, expiration: new Date(credentials.expiration) };
}
