import { failed } from './finding.ts';
import type { Check, DoctorContext, Examination, Subject } from './examination.ts';
import type { CredentialRequest } from '../pipeline/credential-plan.ts';
import { concluded, type ReadAccount, together } from './read-account.ts';
import { type CheckResult, type DoctorReport, worstOf } from './report.ts';
import { checkArns, checkTrust } from './check-decision.ts';
import { checkAwsCli, checkAwsClients } from './check-clients.ts';
import { checkCache } from './check-cache.ts';
import { checkDns } from './check-dns.ts';
import { checkFiles } from './check-files.ts';
import { checkCertificate, checkChain, checkExpiry, checkPrivateKey } from './check-identity.ts';
import { checkStore, checkToken, checkTpm } from './check-hardware.ts';
import { checkClock, checkEndpoint, checkProxy, checkTls } from './check-network.ts';
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
  /** What files say of the account. */
  readonly files: ReadAccount;
  /** Reads what the account itself says; undefined where nobody asked for that. */
  readonly inspect?: ((request: CredentialRequest) => Promise<ReadAccount>) | undefined;
  /** Is waited for. */
  readonly onResult?: ((result: CheckResult) => Promise<void>) | undefined;
}

/** Runs every check over every subject. None of them keeps the next from being run. */
export async function examine(
  subjects: readonly [Subject, ...Subject[]],
  { context, files, inspect, onResult }: Consultation,
): Promise<DoctorReport> {
  const checks: CheckResult[] = [];
  const before: Examination[] = [];
  const run = async (check: Check, examination: Examination, target?: string): Promise<void> => {
    const result = await resultOf(check, examination, target);
    checks.push(result);
    await onResult?.(result);
  };
  try {
    for (const subject of subjects) {
      const examination = await begin(subject, { context, files, inspect }, [...before]);
      before.push(examination);
      try {
        for (const check of ofTarget) await run(check, examination, subject.target);
      } finally {
        for (const close of examination.facts.closing.toReversed()) await close();
      }
    }
    const last = before.at(-1);
    if (last !== undefined) for (const check of ofMachine) await run(check, last);
  } finally {
    for (const { facts } of before) for (const wipe of facts.wiping) wipe();
  }
  return { status: worstOf(checks), checks };
}

async function begin(
  subject: Subject,
  { context, files, inspect }: Consultation,
  before: readonly Examination[],
): Promise<Examination> {
  const { request } = subject;
  const isAsked = inspect !== undefined && request !== undefined && !context.offline;
  const known = concluded(isAsked ? together(await inspect(request), files) : files);
  const facts = { warnings: [], closing: [], wiping: [], ofAccount: known.findings };
  return { subject, context, account: known.account, facts, before };
}

async function resultOf(check: Check, examination: Examination, target: string | undefined): Promise<CheckResult> {
  const { name } = check;
  // Why something of the account is not known, though somebody meant to tell it.
  const ofAccount = name === 'trust' ? examination.facts.ofAccount : [];
  const findings = [...ofAccount, ...(await findingsOf(check, examination))];
  return { name, ...(target === undefined ? {} : { target }), status: worstOf(findings), findings };
}

async function findingsOf(check: Check, examination: Examination): Promise<CheckResult['findings']> {
  try {
    return await check.run(examination);
  } catch (error) {
    return [failed(error)];
  }
}
