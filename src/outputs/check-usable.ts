import type { Credentials } from '../core/credentials.ts';
import { RolesAnywhereError } from '../core/errors.ts';

/**
 * Makes sure, before anything is handed out, that there is something to hand out: an SDK would take an empty set for a
 * good one, and an expired one again and again.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_EXPIRED
 */
export function checkUsable({ accessKeyId, secretAccessKey, sessionToken, expiration }: Credentials, now: Date): void {
  if (accessKeyId === '' || secretAccessKey === '' || sessionToken === '') {
    throw new RolesAnywhereError('RESPONSE_EMPTY', 'the service answered with an empty set of credentials');
  }
  // Not "earlier than now": a time that could not be read is not later than anything.
  if (!(expiration.getTime() > now.getTime())) {
    throw new RolesAnywhereError('RESPONSE_EXPIRED', 'the credentials of the answer have expired already');
  }
}
