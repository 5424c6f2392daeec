import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { Clock } from './clock.ts';

type Clocks = Pick<Clock, 'now' | 'monotonic'>;

/** A set of credentials and its end by either clock. */
export interface ExpiringSet {
  readonly credentials: Credentials;
  /** Milliseconds it had left when it was got. */
  readonly lifetime: number;
  /** Its end by the wall clock, which goes on while the machine sleeps. */
  readonly expiresAt: number;
  /** Its end by the monotonic clock, which nobody can set back. */
  readonly deadline: number;
}

export function expiringSet(credentials: Credentials, clock: Clocks): ExpiringSet {
  const expiresAt = credentials.expiration.getTime();
  const lifetime = expiresAt - clock.now().getTime();
  return { credentials: copyOf(credentials), lifetime, expiresAt, deadline: clock.monotonic() + lifetime };
}

/** Milliseconds until one of the two clocks says that it has expired; no more than 0 when it has. */
export function timeLeft(set: ExpiringSet, clock: Clocks): number {
  return Math.min(set.expiresAt - clock.now().getTime(), set.deadline - clock.monotonic());
}

/** A set of the caller's own: SDKs write into what they are given, and a Date can be set. */
export function copyOf(credentials: Credentials): Credentials {
  return { ...credentials, expiration: new Date(credentials.expiration) };
}

/** What lives shorter is not worth a request. The service's shortest session lives for 15 minutes. */
const shortestLifetime = 1000;

const texts = ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const;

/**
 * Refuses what must never be handed out, whoever made it.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_EXPIRED
 */
export function checkSet(credentials: Credentials, now: Date): void {
  const given: Partial<Record<keyof Credentials, unknown>> | undefined = credentials;
  const missing = texts.find((name) => typeof given?.[name] !== 'string' || given[name] === '');
  if (missing !== undefined) throw new RolesAnywhereError('RESPONSE_EMPTY', `the credentials came without ${missing}`);
  const expiration = given?.expiration;
  if (!(expiration instanceof Date) || Number.isNaN(expiration.getTime())) {
    throw new RolesAnywhereError('RESPONSE_EMPTY', 'the credentials came without the time at which they expire');
  }
  if (expiration.getTime() - now.getTime() < shortestLifetime) {
    throw new RolesAnywhereError(
      'RESPONSE_EXPIRED',
      `the credentials came with an expiration of ${expiration.toISOString()}, and it is ${now.toISOString()}`,
      { hints: ['check the clock of this machine'] },
    );
  }
}
