import { doctorCommand } from '../../src/cli/commands/doctor/doctor.ts';
import { type Consultation, examine } from '../../src/doctor/doctor.ts';
import type { DoctorContext } from '../../src/doctor/examination.ts';
import { type AccountFiles, readAccount } from '../../src/doctor/read-account.ts';
import type { CheckName, DoctorReport, Finding } from '../../src/doctor/report.ts';
import { subjectsOf } from '../../src/doctor/subjects.ts';
import { parseFlags } from '../../src/options/parse/parse-flags.ts';
import type { OptionValues } from '../../src/options/parse/option-values.ts';
import { readValues } from '../../src/options/parse/read-values.ts';
import { resolvePlan } from '../../src/options/resolve/resolve-plan.ts';
import { obtainPlanned } from '../../src/pipeline/pipeline.ts';
import { rejectionOf } from '../support/thrown.ts';

export interface Case {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly account?: AccountFiles;
  readonly context?: Partial<DoctorContext>;
  readonly inspect?: Consultation['inspect'];
}

/** The checks in this process, with nothing of its environment. */
export async function diagnose({
  args = [],
  env = {},
  account = {},
  context = {},
  inspect,
}: Case): Promise<DoctorReport> {
  const environment = { HOME: '/nonexistent', ...env };
  const subjects = await subjectsOf(() => valuesOf(args, environment), environment);
  return examine(subjects, {
    files: await readAccount(account),
    inspect,
    context: { ...world, environment, offline: false, ...context },
  });
}

/** What calls are given that is no trouble of theirs. */
export const world = {
  now: () => new Date(),
  warn: () => undefined,
  random: Math.random,
  sleep: () => Promise.resolve(),
  userAgent: 'roles-anywhere/test',
};

function valuesOf(args: readonly string[], environment: Record<string, string>): Promise<OptionValues> {
  const flags = parseFlags(args, doctorCommand.options, false);
  if (flags.faults.length > 0) throw new Error('the test has a mistake in its flags');
  return readValues(doctorCommand, flags, environment);
}

/** What every output of the product says when it asks for credentials with the same options: the name of a cause, or a code. */
export async function refusalOf({ args = [], env = {} }: Case): Promise<string> {
  const environment = { HOME: '/nonexistent', ...env };
  const plan = await resolvePlan(await valuesOf(args, environment), environment);
  const error = await rejectionOf(obtainPlanned(plan, { ...world, environment }));
  return error.causeName ?? error.code;
}

/** What is wrong, as `check: cause`, each once. */
export function wrongIn({ checks }: DoctorReport): readonly string[] {
  const found = checks.flatMap(({ name, findings }) =>
    findings.filter(({ status }) => status === 'FAIL' || status === 'WARN').map(({ cause }) => `${name}: ${cause}`),
  );
  return [...new Set(found)];
}

export function findingsOf(report: DoctorReport, name: CheckName): readonly Finding[] {
  return report.checks.flatMap((check) => (check.name === name ? check.findings : []));
}
