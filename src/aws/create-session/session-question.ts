import type { Certificate } from '../../identity/x509/certificate.ts';
import type { SessionQuestion } from '../../trust/session/decide-session.ts';
import { decodeCertificate } from '../../trust/x509/read-certificate.ts';
import type { SessionRequest } from './session-request.ts';

/** A CreateSession, as far as it is known to who sends it. */
interface KnownSession {
  readonly request: SessionRequest;
  readonly leaf: Certificate;
  readonly chain: readonly Certificate[];
  /** By the clock of this machine. */
  readonly now: Date;
  /** Seconds that it is ahead of the service's; undefined where nobody told. */
  readonly clockOffset?: number | undefined;
  /** Whether the signature is by the key of the leaf; undefined where that cannot be found out. */
  readonly keyFits?: boolean | undefined;
}

/** What `roles-anywhere/trust` is asked about it. What only the account knows is added by who knows it. */
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
