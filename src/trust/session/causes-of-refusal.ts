import {
  type CauseName,
  decideSession,
  type RefusalCause,
  type SessionDecision,
  type SessionQuestion,
} from './decide-session.ts';

/** What the service said. */
export interface ServiceRefusalText {
  /** `Untrusted signing certificate`. */
  readonly message: string;
}

/** A refusal, explained by what is known. */
export interface Explanation {
  /** Reasons that were found and that this message is known to stand for; the likeliest first. */
  readonly causes: readonly RefusalCause[];
  /** Other reasons that were found: the service would refuse for these once the first are mended. */
  readonly others: readonly RefusalCause[];
  /** What the message is known to stand for, where none of it was found. */
  readonly possible: readonly string[];
  readonly decision: SessionDecision;
}

interface KnownMessage {
  readonly pattern: RegExp;
  readonly causes: readonly CauseName[];
  /** What else it may be, that nobody but the account's administrator can tell. */
  readonly possible: readonly string[];
}

/** What users saw of the service, and what it turned out to be. The more exact ones come first. */
const messages: readonly KnownMessage[] = [
  {
    pattern: /exceeds the MaxSessionDuration/i,
    causes: ['arns', 'duration'],
    possible: ["the duration is more than the role's MaxSessionDuration: ask for less, or raise it"],
  },
  {
    pattern: /failed to be mapped into session tags/i,
    causes: ['arns', 'trust-policy', 'packed-size'],
    possible: [
      'a value of the certificate cannot be a session tag: delete the attribute mapping of the field that is named',
      'the list is an appendix, and the trust policy of the role refuses: see its conditions',
    ],
  },
  {
    pattern: /unable to assume role/i,
    causes: ['arns', 'trust-policy', 'packed-size', 'duration'],
    possible: [
      'the trust policy of the role does not allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to rolesanywhere.amazonaws.com',
      'the role does not exist, or is in another account than the profile',
      'a service control or resource control policy denies it',
    ],
  },
  {
    pattern: /insufficient certificate/i,
    causes: ['certificate', 'path'],
    possible: [
      'the certificate breaks a rule for end-entity certificates: v3, CA:FALSE, digitalSignature, SHA-256 or stronger',
    ],
  },
  {
    pattern: /untrusted (?:signing )?certificate/i,
    causes: ['path'],
    possible: [
      'the trust anchor holds another CA than the one that issued the certificate, or the CA as it was before its renewal',
      'an intermediate certificate was not sent along',
      'the ARN is that of another trust anchor',
    ],
  },
  {
    pattern: /invalid signature/i,
    causes: ['clock', 'key', 'arns'],
    possible: [
      'the clock is wrong: the message is the same',
      'the private key is not that of the certificate',
      'something between here and the service changed the request',
    ],
  },
  { pattern: /revoked/i, causes: ['revoked'], possible: ['a CRL of the trust anchor has the serial number'] },
  {
    pattern: /trust anchor wasn't found/i,
    causes: ['trust-anchor-disabled', 'arns'],
    possible: ['the trust anchor does not exist in this region and account, or is disabled'],
  },
  {
    pattern: /invalid or empty profile/i,
    causes: ['profile-disabled', 'profile-empty', 'arns'],
    possible: ['the profile does not exist in this region and account, is disabled, or has no roles'],
  },
  {
    pattern: /isn't one of those listed in the profile/i,
    causes: ['arns', 'role-not-in-profile'],
    possible: ['the profile does not list the role: aws rolesanywhere update-profile --role-arns'],
  },
  {
    pattern: /validation error/i,
    causes: [],
    possible: ['something that was asked for is out of range: the message names it'],
  },
  {
    pattern: /not authorized to set roleSessionName/i,
    causes: ['session-name'],
    possible: ['the profile does not have acceptRoleSessionName: leave the session name out, or update the profile'],
  },
];

/**
 * Explains why CreateSession was refused, from what is known of certificate, chain, anchor, CRLs, profile, mappings, role
 * and clock. What is not known is not judged: the more is handed in, the fewer guesses are left.
 *
 * @example
 * ```ts
 * import { causesOfRefusal, type SessionQuestion } from 'roles-anywhere/trust';
 *
 * export async function explain(question: SessionQuestion, message: string): Promise<void> {
 *   const { causes, possible } = await causesOfRefusal(question, { message });
 *   for (const { name, reason, hints } of causes) console.log(name, reason, hints);
 *   if (causes.length === 0) console.log('it may be that', possible);
 * }
 * ```
 */
export async function causesOfRefusal(question: SessionQuestion, refusal: ServiceRefusalText): Promise<Explanation> {
  const decision = await decideSession(question);
  const causes = causesMeant(decision.causes, refusal);
  const others = decision.causes.filter((cause) => !causes.includes(cause));
  return { causes, others, possible: causes.length > 0 ? [] : (knownMessage(refusal)?.possible ?? []), decision };
}

/** Of causes that were found, those that the message is known to stand for; all where it is not known. */
export function causesMeant(causes: readonly RefusalCause[], refusal: ServiceRefusalText): readonly RefusalCause[] {
  const known = knownMessage(refusal);
  return causes.filter(({ name }) => known === undefined || known.causes.includes(name));
}

function knownMessage({ message }: ServiceRefusalText): KnownMessage | undefined {
  return messages.find(({ pattern }) => pattern.test(message));
}
