import type { Credentials } from '../core/credentials.ts';
import type { ToldSession } from './ask-session.ts';
import { explainByAccount } from './check-decision.ts';
import { identityOf } from './check-identity.ts';
import { whyNotAsk } from './check-network.ts';
import type { Check, Examination } from './examination.ts';
import { fail, failed, pass, skip, warn } from './finding.ts';
import type { Finding } from './report.ts';

/** CreateSession itself. */
export const checkCreateSession: Check = {
  name: 'create-session',
  async run(examination) {
    const { subject, facts } = examination;
    const why = whyNotAsk(examination);
    const { request } = subject;
    const endpoint = facts.endpoint;
    if (why !== undefined || request === undefined || endpoint === undefined)
      return [skip(why ?? 'there is no endpoint')];
    const identity = await identityOf(examination);
    if (identity === undefined) return [skip('nothing is sent without a certificate and its key')];
    try {
      const { askSession } = await import('./ask-session.ts');
      const { credentials, told } = await askSession(examination, { request, endpoint, identity });
      facts.credentials = credentials;
      return sessionFindings(credentials, told, examination);
    } catch (error) {
      return refusalFindings(error, examination);
    }
  },
};

/** Percent: from there on the next tag or policy may be too much. */
const nearlyPacked = 90;

function sessionFindings(credentials: Credentials, told: ToldSession, { context, subject }: Examination): Finding[] {
  const { arn, sourceIdentity, packedPolicySize = 0 } = told;
  const seconds = Math.round((credentials.expiration.getTime() - context.now().getTime()) / 1000);
  const isAsked = subject.values?.isGiven('session-duration') ?? true;
  const asked = subject.request?.session.durationSeconds ?? seconds;
  const isShort = isAsked && seconds < asked - 120;
  return [
    ...(isShort
      ? [
          warn(
            'session-shorter',
            `${asked} seconds were asked for, and the session lasts ${seconds}: the profile allows no more`,
            'raise durationSeconds of the profile, or ask for less',
          ),
        ]
      : []),
    ...(packedPolicySize >= nearlyPacked
      ? [
          warn(
            'packed-size',
            `tags and session policies take ${packedPolicySize} % of the space that they share`,
            'map fewer attributes, those of the issuer first; use managed policies in place of an inline one',
          ),
        ]
      : []),
    pass(
      [
        `${arn ?? subject.request?.session.roleArn}, until ${credentials.expiration.toISOString()}`,
        ...(sourceIdentity === undefined ? [] : [`source identity ${sourceIdentity}`]),
        `packed size ${packedPolicySize} %`,
      ].join(', '),
    ),
  ];
}

/** What is known of the account goes before what the words of the service leave open. */
async function refusalFindings(error: unknown, examination: Examination): Promise<readonly Finding[]> {
  const told = failed(error);
  const causes = await explainByAccount(examination, told.message);
  if (causes.length === 0) return [told];
  return causes.map(({ name, reason, hints }) => fail(name, `${told.message}: ${reason}`, ...hints));
}

/** Each hop of the role chain, until one is refused. */
export const checkRoleChain: Check = {
  name: 'role-chain',
  async run(examination) {
    const { subject, facts, context } = examination;
    const { request } = subject;
    const hops = request?.roleChain ?? [];
    if (request === undefined || hops.length === 0) return [skip('no role is assumed behind the session')];
    if (facts.credentials === undefined)
      return [skip(whyNotAsk(examination) ?? 'there is no session to assume it with')];
    const findings: Finding[] = [];
    const { roleLinks } = await import('../aws/assume-role/role-links.ts');
    for (const [at, link] of roleLinks(request, context).entries()) {
      const name = `hop ${at + 1} of ${hops.length}, ${hops[at]?.roleArn}`;
      try {
        facts.credentials = await link(facts.credentials);
        findings.push(pass(`${name}, until ${facts.credentials.expiration.toISOString()}`));
      } catch (error) {
        facts.credentials = undefined;
        return [
          ...findings,
          failed(error),
          ...hops.slice(at + 1).map(({ roleArn }) => skip(`${roleArn}: not reached`)),
        ];
      }
    }
    return findings;
  },
};

/** Who STS says these credentials are. */
export const checkCallerIdentity: Check = {
  name: 'caller-identity',
  async run(examination) {
    const { subject, facts, context } = examination;
    const { credentials } = facts;
    const { request } = subject;
    if (request === undefined || credentials === undefined)
      return [skip(whyNotAsk(examination) ?? 'there are no credentials')];
    let arn: string;
    try {
      const { stsEndpoint: endpoint } = subject;
      const { fips, dualStack } = request.endpoint;
      const sts = request.sts ?? { fips, dualStack, ...(endpoint === undefined ? {} : { endpoint }) };
      const { askCallerIdentity } = await import('./caller-identity.ts');
      arn = await askCallerIdentity({ ...request, sts }, credentials, context);
    } catch (error) {
      // The credentials are there: who never calls STS does not need it.
      return [failed(error, 'WARN')];
    }
    const wanted = request.roleChain?.at(-1)?.roleArn ?? request.session.roleArn;
    const name = wanted.split('/').at(-1);
    if (arn.includes(`:assumed-role/${name}/`)) return [pass(arn)];
    return [fail('other-identity', `STS says ${arn}, and asked for was ${wanted}`, 'check the endpoint of STS')];
  },
};
