import { causesFound, type KnownSession, sessionQuestion } from '../aws/create-session/session-question.ts';
import {
  type CauseName,
  decideSession,
  type RefusalCause,
  type SessionDecision,
  type SessionQuestion,
} from '../trust/session/decide-session.ts';
import { arnProblems } from '../trust/session/session-arns.ts';
import type { CrlRule } from '../trust/x509/revocation.ts';
import { isOfArns } from './check-options.ts';
import type { Check, Examination } from './examination.ts';
import { fail, failed, pass, skip, warn } from './finding.ts';
import { openSubject } from './open-subject.ts';
import type { Finding } from './report.ts';

/** The three ARNs against each other, and against the region. */
export const checkArns: Check = {
  name: 'arns',
  run({ subject: { request, problems } }) {
    const found = problems.filter(({ code }) => isOfArns(code)).map((problem) => failed(problem));
    if (found.length > 0) return found;
    if (request === undefined) return [skip('the options come to no three ARNs')];
    const { session, endpoint } = request;
    const faults = arnProblems(session);
    if (faults.length > 0) {
      return faults.map((fault) => fail('arns', fault, 'copy the three ARNs from the same account and region'));
    }
    const account = session.trustAnchorArn.split(':')[4];
    return [
      pass(`all three are of ${endpoint.partition} and account ${account}, the trust anchor of ${session.region}`),
    ];
  },
};

/** Checks of their own tell these. */
const toldElsewhere: ReadonlySet<CauseName> = new Set(['clock', 'key', 'arns', 'certificate']);

/** What the service would decide, from what is known of trust anchor, CRLs, profile and role. */
export const checkTrust: Check = {
  name: 'trust',
  async run(examination) {
    const question = await questionOf(examination);
    if (question === undefined) return [skip('there is no certificate, or there are no ARNs, to decide about')];
    const decision = await decideSession(question);
    const causes = decision.causes.filter((cause) => isNews(cause, examination));
    return [
      ...causes.map(({ name, reason, hints }) => fail(name, reason, ...hints)),
      ...policyFindings(decision),
      ...tagFindings(decision),
      ...decision.crlViolations.map(({ rule, reason }) => warn('crl', reason, ...(crlHints[rule] ?? otherCrl))),
      previewOf(decision),
    ];
  },
};

/**
 * Dates that `expiry` tells as a failure are no news. It goes by the clock of this machine and knows of no path: what has
 * expired by the time of the service alone, or one of two anchors whose other one counts, is.
 */
function isNews({ name, rule, fingerprint }: RefusalCause, { facts: { toldExpiry = [] } }: Examination): boolean {
  if (toldElsewhere.has(name)) return false;
  return !toldExpiry.some((told) => told.rule === rule && told.fingerprint === fingerprint);
}

const otherCrl = ['import a CRL that the service can use'];

/** What to do about a CRL, by the rule that it breaks. */
const crlHints: Readonly<Partial<Record<CrlRule, readonly string[]>>> = {
  expired: [
    'import the newest CRL of the CA (aws rolesanywhere update-crl): what was revoked since is not in this one',
    'AWS documents nothing of nextUpdate: what this list has is taken for revoked all the same, what it has not for accepted',
  ],
  encoding: ['import it as PEM: openssl crl -inform DER'],
};

function policyFindings({ policyWarnings, policyDecisions }: SessionDecision): readonly Finding[] {
  const denied = new Set(policyDecisions.filter(({ effect }) => effect !== 'allow').map(({ action }) => action));
  // An action that is missing is told as a refusal already.
  const news = policyWarnings.filter(({ rule }) => rule !== 'missing-action' || denied.size === 0);
  return news.map(({ rule, statement, reason, hint }) =>
    warn(
      `policy-${rule}`,
      `${statement === undefined ? '' : `statement ${statement} of the trust policy: `}${reason}`,
      hint,
    ),
  );
}

/** Live refusals have named values that cannot be tags; the documentation says that they are left out. */
function tagFindings({ preview }: SessionDecision): readonly Finding[] {
  const reasons: Readonly<Record<string, string>> = {
    characters: 'STS does not take its characters',
    'value-length': 'it is too long',
  };
  return preview.dropped.flatMap(({ key, value, why }) => {
    const reason = reasons[why];
    if (reason === undefined) return [];
    const field = key.split('/', 1)[0];
    return warn(
      'tag-value',
      `${key} of the certificate, ${JSON.stringify(value)}, cannot be a session tag: ${reason}`,
      `delete the mapping: aws rolesanywhere delete-attribute-mapping --certificate-field ${field}`,
      'or have the certificate issued with another value',
    );
  });
}

function previewOf({ preview, unknown }: SessionDecision): Finding {
  const { sourceIdentity, sessionName, tags, packedSize } = preview;
  const notKnown = unknown.filter((what) => what !== 'clock');
  const rest = notKnown.length === 0 ? '' : `; not judged, as it was not given: ${notKnown.join(', ')}`;
  return pass(
    `the session would be "${sessionName}" with the source identity "${sourceIdentity}" and ${tags.size} tags, about ${packedSize} % of the packed size${rest}`,
  );
}

/** Everything that is known of the CreateSession; undefined where there is none to ask about. */
async function questionOf(examination: Examination): Promise<SessionQuestion | undefined> {
  const known = await knownOf(examination);
  return known === undefined ? undefined : { ...sessionQuestion(known), ...examination.account };
}

async function knownOf(examination: Examination): Promise<KnownSession | undefined> {
  const { subject, context, facts } = examination;
  const { request } = subject;
  if (request === undefined || subject.identity === undefined) return undefined;
  const { leaf, identity } = await openSubject(examination);
  if (leaf === undefined) return undefined;
  const { clockOffset, keyFits } = facts;
  return { request: request.session, leaf, chain: identity?.chain ?? [], now: context.now(), clockOffset, keyFits };
}

/** What of all that is known the service's words stand for. */
export async function explainByAccount(examination: Examination, message: string): Promise<readonly RefusalCause[]> {
  const known = await knownOf(examination);
  return known === undefined ? [] : causesFound(known, message, examination.account);
}
