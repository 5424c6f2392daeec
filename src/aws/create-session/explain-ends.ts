import type { Credentials } from '../../core/credentials.ts';
import type { SigningIdentity } from '../../identity/identity.ts';
import type { SessionRequest } from './session-request.ts';

/** A session that was made, and what it was made with. */
export interface SessionEnds {
  readonly request: Pick<SessionRequest, 'durationSeconds' | 'profileArn'>;
  readonly certificate: Pick<SigningIdentity['certificate'], 'notBefore' | 'notAfter' | 'serialNumber'>;
  readonly credentials: Pick<Credentials, 'expiration'>;
  readonly now: Date;
}

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000] as const;

/** @param lasts milliseconds */
export function explainShortSession({ request }: SessionEnds, lasts: number): string {
  const seconds = Math.round(lasts / minute) * 60;
  const { durationSeconds, profileArn } = request;
  return `--session-duration: ${durationSeconds} seconds were asked for and the session lasts ${seconds}: ${profileArn} allows no more`;
}

/** @param left milliseconds */
export function explainLateLeaf({ certificate }: SessionEnds, left: number): string {
  const { serialNumber, notAfter } = certificate;
  return `the certificate with serial number ${serialNumber} expires in ${spanOf(left)}, at ${notAfter.toISOString()}: renew it`;
}

function spanOf(milliseconds: number): string {
  const [length, unit] =
    milliseconds < 2 * hour
      ? ([minute, 'minute'] as const)
      : milliseconds < 2 * day
        ? ([hour, 'hour'] as const)
        : ([day, 'day'] as const);
  const count = Math.floor(milliseconds / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
