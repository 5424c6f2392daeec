/** The checks, in the order of the path. Their names are an interface: docs/doctor.md has them. */
export const checkNames = [
  'options',
  'files',
  'token',
  'tpm',
  'store',
  'certificate',
  'private-key',
  'chain',
  'expiry',
  'arns',
  'endpoint',
  'proxy',
  'dns',
  'tls',
  'clock',
  'trust',
  'create-session',
  'role-chain',
  'caller-identity',
  'cache',
  'aws-clients',
  'aws-cli',
] as const;

/**
 * One of the checks of `doctor`.
 *
 * @example
 * ```ts
 * import type { CheckName, DoctorReport } from 'roles-anywhere';
 *
 * const wanted: CheckName = 'expiry';
 * export const ofExpiry = ({ checks }: DoctorReport) => checks.filter(({ name }) => name === wanted);
 * ```
 */
export type CheckName = (typeof checkNames)[number];

/**
 * From bad to good. `SKIP`: it was not looked at, and the message says why.
 *
 * @example
 * ```ts
 * import type { CheckStatus } from 'roles-anywhere';
 *
 * export const isBad = (status: CheckStatus): boolean => status === 'FAIL' || status === 'WARN';
 * ```
 */
export type CheckStatus = 'FAIL' | 'WARN' | 'PASS' | 'SKIP';

/**
 * One thing that a check found.
 *
 * @example
 * ```ts
 * import type { Finding } from 'roles-anywhere';
 *
 * export const lineOf = ({ status, message, hints }: Finding): string => [status, message, ...hints].join(' ');
 * ```
 */
export interface Finding {
  readonly status: CheckStatus;
  /** What is wrong, for programs: an error code, the name of a refusal's cause, or a name of docs/doctor.md. */
  readonly cause?: string | undefined;
  /** What was found: lower case, no full stop. */
  readonly message: string;
  /** What to do: lower case, no full stop. */
  readonly hints: readonly string[];
}

/**
 * What came of one check.
 *
 * @example
 * ```ts
 * import type { CheckResult } from 'roles-anywhere';
 *
 * export const causesOf = ({ findings }: CheckResult) => findings.flatMap(({ cause }) => cause ?? []);
 * ```
 */
export interface CheckResult {
  readonly name: CheckName;
  /** Which of several ways to credentials it is about: the name of a profile. */
  readonly target?: string | undefined;
  /** That of its worst finding. */
  readonly status: CheckStatus;
  readonly findings: readonly Finding[];
}

/**
 * What `doctor` resolves to. Nothing in it is secret.
 *
 * @example
 * ```ts
 * import { doctor, type DoctorReport } from 'roles-anywhere';
 *
 * const report: DoctorReport = await doctor({ profile: 'on-prem' });
 * console.log(report.status, JSON.stringify(report.checks));
 * ```
 */
export interface DoctorReport {
  /** That of the worst check. */
  readonly status: CheckStatus;
  readonly checks: readonly CheckResult[];
}

const byWeight: readonly CheckStatus[] = ['FAIL', 'WARN', 'PASS', 'SKIP'];

/** The worst of several; nothing at all is nothing bad. */
export function worstOf(parts: readonly { readonly status: CheckStatus }[]): CheckStatus {
  return byWeight.find((status) => parts.some((part) => part.status === status)) ?? 'SKIP';
}
