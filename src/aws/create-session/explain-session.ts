import { RolesAnywhereError } from '../../core/errors.ts';
import type { SessionFault } from './read-session.ts';
import type { SessionRequest } from './session-request.ts';
import type { WireResponse } from '../http/transport.ts';
import type { Credentials } from '../../core/credentials.ts';
import type { SigningIdentity } from '../../identity/identity.ts';

/** The error for an answer of CreateSession whose credentials cannot be used: RESPONSE_*. */
export function explainSession(
  fault: SessionFault,
  answer: WireResponse,
  request: SessionRequest,
  now: Date,
): RolesAnywhereError {
  const requestId = answer.headers['x-amzn-requestid'];
  const fail = (code: RolesAnywhereError['code'], message: string, hints: readonly string[] = []) =>
    new RolesAnywhereError(code, message, { hints, ...(requestId === undefined ? {} : { requestId }) });
  switch (fault.kind) {
    case 'no-json': {
      const what = `${answer.body.length} bytes ${answer.headers['content-type'] ?? 'of no type'}`;
      return fail('RESPONSE_INVALID', `the answer of the service is no JSON object but ${what}`, [
        'check that the endpoint is that of IAM Roles Anywhere, and that no proxy answers in its place',
      ]);
    }
    case 'missing':
      return fail('RESPONSE_EMPTY', `${fault.member} is missing or empty in the answer of the service`);
    case 'malformed':
      return fail('RESPONSE_INVALID', `${fault.member} in the answer of the service is not what it should be`);
    case 'other-role':
      return fail(
        'RESPONSE_OTHER_ROLE',
        `the service gave credentials of ${forMessage(fault.found)}, but asked was ${request.roleArn}`,
      );
    case 'expired':
      return fail('RESPONSE_EXPIRED', `the credentials of the service expired at ${fault.expiration.toISOString()}`, [
        `check the clock of this machine: it says ${now.toISOString()}${serviceTime(answer)}`,
      ]);
  }
}

/** What came from outside, short enough and without control characters. */
function forMessage(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function serviceTime(answer: WireResponse): string {
  const date = answer.headers['date'];
  return date === undefined ? '' : `, the service says ${forMessage(date)}`;
}

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
export function explainLateLeaf({ certificate }: Pick<SessionEnds, 'certificate'>, left: number): string {
  const { serialNumber, notAfter } = certificate;
  const when = left > 0 ? `expires in ${spanOf(left)}, at` : 'expired at';
  return `the certificate with serial number ${serialNumber} ${when} ${notAfter.toISOString()}: renew it`;
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
