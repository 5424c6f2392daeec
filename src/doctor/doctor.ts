import { failed } from './finding.ts';
import type { Check, DoctorContext, Examination, Subject } from './examination.ts';
import type { KnownAccount } from './known-account.ts';
import { type CheckResult, type DoctorReport, type Finding, worstOf } from './report.ts';
import { checkArns, checkTrust } from './check-decision.ts';
import { checkAwsCli, checkAwsClients } from './check-clients.ts';
import { checkCache } from './check-cache.ts';
import { checkFiles } from './check-files.ts';
import { checkCertificate, checkChain, checkExpiry, checkPrivateKey } from './check-identity.ts';
import { checkStore, checkToken, checkTpm } from './check-hardware.ts';
import { checkClock, checkDns, checkEndpoint, checkProxy, checkTls } from './check-network.ts';
import { checkOptions } from './check-options.ts';
import { checkCallerIdentity, checkCreateSession, checkRoleChain } from './check-session.ts';

/** What is there once for each way to credentials, in the order of the path. */
const ofTarget: readonly Check[] = [
  checkOptions,
  checkFiles,
  checkToken,
  checkTpm,
  checkStore,
  checkCertificate,
  checkPrivateKey,
  checkChain,
  checkExpiry,
  checkArns,
  checkEndpoint,
  checkProxy,
  checkDns,
  checkTls,
  checkClock,
  checkTrust,
  checkCreateSession,
  checkRoleChain,
  checkCallerIdentity,
];

/** What is there once for the machine. */
const ofMachine: readonly Check[] = [checkCache, checkAwsClients, checkAwsCli];

/** Who is told of each result as soon as it is there. */
export interface Consultation {
  readonly context: DoctorContext;
  readonly account: KnownAccount;
  /** Why something of the account is not known though somebody meant to tell it: `trust` has them too. */
  readonly accountFindings?: readonly Finding[] | undefined;
  readonly onResult?: ((result: CheckResult) => void) | undefined;
}

/** Runs every check over every subject. None of them keeps the next from being run. */
export async function examine(
  subjects: readonly [Subject, ...Subject[]],
  { context, account, accountFindings = [], onResult }: Consultation,
): Promise<DoctorReport> {
  const checks: CheckResult[] = [];
  const run = async (check: Check, examination: Examination, target?: string): Promise<void> => {
    const more = check.name === 'trust' ? accountFindings : [];
    const result = await resultOf(check, { examination, target, more });
    checks.push(result);
    onResult?.(result);
  };
  for (const [at, subject] of subjects.entries()) {
    const examination: Examination = { subject, context, account, facts: { warnings: [], closing: [] } };
    try {
      for (const check of ofTarget) await run(check, examination, subject.target);
      if (at === subjects.length - 1) for (const check of ofMachine) await run(check, examination);
    } finally {
      for (const close of examination.facts.closing.toReversed()) await close();
    }
  }
  return { status: worstOf(checks), checks };
}

interface Run {
  readonly examination: Examination;
  readonly target: string | undefined;
  readonly more: readonly Finding[];
}

async function resultOf(check: Check, { examination, target, more }: Run): Promise<CheckResult> {
  const { name } = check;
  const findings = [...more, ...(await findingsOf(check, examination))];
  return { name, ...(target === undefined ? {} : { target }), status: worstOf(findings), findings };
}

async function findingsOf(check: Check, examination: Examination): Promise<CheckResult['findings']> {
  try {
    return await check.run(examination);
  } catch (error) {
    return [failed(error)];
  }
}
