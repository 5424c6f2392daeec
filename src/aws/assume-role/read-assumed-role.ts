import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError, type ErrorCode } from '../../core/errors.ts';
import { isSessionOf, longestLifetime } from '../create-session/read-session.ts';
import type { RoleCall } from './role-hop.ts';

/** What STS answered, as the SDK read it. Nothing of it is checked yet. */
export interface AssumedRole {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
  /** `arn:aws:sts::111122223333:assumed-role/Name/session`. */
  readonly sessionArn: string | undefined;
  readonly requestId: string | undefined;
}

/**
 * The credentials in an answer of STS, checked as those of CreateSession are.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_INVALID, RESPONSE_EXPIRED, RESPONSE_OTHER_ROLE
 */
export function readAssumedRole(answer: AssumedRole, { hop }: RoleCall, now: Date): Credentials {
  const fail = (code: ErrorCode, what: string, hints: readonly string[] = []): never => {
    const { requestId } = answer;
    throw new RolesAnywhereError(code, what, { hints, ...(requestId === undefined ? {} : { requestId }) });
  };
  const text = (member: 'accessKeyId' | 'secretAccessKey' | 'sessionToken'): string => {
    const value: unknown = answer[member];
    if (value === undefined || value === '') return fail('RESPONSE_EMPTY', `${member} is missing in the answer of STS`);
    // Printable ASCII: anything else would break the files, headers and documents that credentials end up in.
    if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value;
    return fail('RESPONSE_INVALID', `${member} in the answer of STS is not what it should be`);
  };
  const expiry = (): Date => {
    const { expiration } = answer;
    if (expiration === undefined) return fail('RESPONSE_EMPTY', 'expiration is missing in the answer of STS');
    const left = expiration.getTime() - now.getTime();
    if (left > 0 && left <= longestLifetime) return expiration;
    if (!(left <= 0)) return fail('RESPONSE_INVALID', 'expiration in the answer of STS is not what it should be');
    return fail('RESPONSE_EXPIRED', `the credentials of STS expired at ${expiration.toISOString()}`, [
      `check the clock of this machine: it says ${now.toISOString()}`,
    ]);
  };
  const { sessionArn } = answer;
  // It alone says whose the credentials are.
  if (sessionArn === undefined) return fail('RESPONSE_EMPTY', 'AssumedRoleUser is missing in the answer of STS');
  if (!isSessionOf(sessionArn, hop.roleArn)) {
    const found = sessionArn.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
    fail('RESPONSE_OTHER_ROLE', `STS gave credentials of ${found}, but asked was ${hop.roleArn}`);
  }
  const accountId = hop.roleArn.split(':')[4] ?? '';
  return {
    accessKeyId: text('accessKeyId'),
    secretAccessKey: text('secretAccessKey'),
    sessionToken: text('sessionToken'),
    expiration: expiry(),
    accountId,
  };
}
