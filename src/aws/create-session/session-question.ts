import { RolesAnywhereError } from '../../core/errors.ts';
import type { Certificate } from '../../identity/x509/certificate.ts';
import { causesMeant, causesOfRefusal } from '../../trust/session/causes-of-refusal.ts';
import { callerCauses, type RefusalCause, type SessionQuestion } from '../../trust/session/decide-session.ts';
import { decodeCertificate } from '../../trust/x509/read-certificate.ts';
import type { SessionRequest } from './session-request.ts';

/** A CreateSession, as far as it is known to who sends it. */
export interface KnownSession extends Pick<SessionQuestion, 'clockOffset' | 'keyFits'> {
  readonly request: SessionRequest;
  readonly leaf: Certificate;
  readonly chain: readonly Certificate[];
  /** By the clock of this machine. */
  readonly now: Date;
}

/**
 * What `roles-anywhere/trust` is asked about it. What only the account knows is added by who knows it.
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function sessionQuestion({ request, leaf, chain, now, clockOffset, keyFits }: KnownSession): SessionQuestion {
  return {
    asked: request,
    leaf: decodeCertificate(leaf.der),
    chain: chain.map(({ der }) => decodeCertificate(der)),
    now: new Date(now.getTime() - (clockOffset ?? 0) * 1000),
    clockOffset,
    keyFits,
  };
}

/**
 * The causes that a message of the service is known to stand for, as far as they are found. Clock, key and ARNs are judged
 * also where a certificate cannot be read by these rules, which are stricter than those that signing goes by.
 */
export async function causesFound(
  known: KnownSession,
  message: string,
  account: Partial<SessionQuestion> = {},
): Promise<readonly RefusalCause[]> {
  const question = readableQuestion(known);
  if (question instanceof RolesAnywhereError) {
    return causesMeant([...callerCauses({ ...known, asked: known.request }), unreadable(question)], { message });
  }
  return (await causesOfRefusal({ ...question, ...account }, { message })).causes;
}

function readableQuestion(known: KnownSession): SessionQuestion | RolesAnywhereError {
  try {
    return sessionQuestion(known);
  } catch (error) {
    if (error instanceof RolesAnywhereError && error.code === 'CERTIFICATE_INVALID') return error;
    throw error;
  }
}

function unreadable({ message }: RolesAnywhereError): RefusalCause {
  const reason = `a certificate that is sent cannot be read: ${message}`;
  return { name: 'certificate', reason, hints: ['have the CA issue another certificate'] };
}
