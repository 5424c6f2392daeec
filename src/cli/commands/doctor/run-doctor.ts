import { RolesAnywhereError } from '../../../core/errors.ts';
import { type Consultation, examine } from '../../../doctor/doctor.ts';
import type { DoctorContext } from '../../../doctor/examination.ts';
import { readAccount } from '../../../doctor/read-account.ts';
import { subjectsOf } from '../../../doctor/subjects.ts';
import type { DoctorReport } from '../../../doctor/report.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import type { ParsedFlags } from '../../../options/parse/parse-flags.ts';
import { gatherValues, readValues } from '../../../options/parse/read-values.ts';
import { cacheFolder, pipelineContext } from '../../contexts.ts';
import type { Command, Terminal } from '../../command.ts';
import { closingLines, linesOf, styleOf } from './report-text.ts';

const exitStatus = { FAIL: 2, WARN: 1, PASS: 0, SKIP: 0 } as const;

interface Call {
  readonly command: Command;
  readonly flags: ParsedFlags;
}

/** Runs the checks and prints what they find, text as it is found. @returns the exit status */
export async function runDoctor(call: Call, terminal: Terminal): Promise<number> {
  const own = await ownValues(call);
  const subjects = await subjectsOf(() => readValues(call.command, call.flags, terminal.env), terminal.env);
  const [{ values = own }] = subjects;
  const context = await contextOf(own, values, terminal);
  const files = await readAccount(accountFiles(own));
  const isJson = own.isOn('json');
  const style = styleOf(terminal.env);
  const report = await examine(subjects, {
    context,
    files,
    inspect: own.isOn('inspect') ? await inspector(context) : undefined,
    onResult: async (result) => {
      if (!isJson) await terminal.stdout(linesOf(result, { style, quiet: own.isOn('quiet') }));
    },
  });
  await terminal.stdout(isJson ? jsonOf(report, own.isOn('quiet')) : closingLines(report, style));
  return exitStatus[report.status];
}

/** Those that only the command line gives: the others may be wrong, which is a finding. */
function ownValues({ command, flags }: Call): Promise<OptionValues> {
  const options = command.options.filter((row) => row.flagOnly === true && row.flag !== 'from-profile');
  return gatherValues({ name: command.name, options }, { flags, env: {}, profile: undefined });
}

async function contextOf(own: OptionValues, values: OptionValues, terminal: Terminal): Promise<DoctorContext> {
  const hasAll = values !== own;
  const debug = hasAll ? values : { ...values, isOn: () => false };
  return {
    ...(await pipelineContext(debug, { ...terminal, isWatched: () => false })),
    warn: () => undefined,
    environment: terminal.env,
    offline: own.isOn('offline'),
    inspects: own.isOn('inspect'),
    ...(hasAll && { cache: { folder: await cacheFolder(values, terminal), isUsed: values.isOn('cache') } }),
  };
}

/** Reads the account with the keys of the environment: those of the session itself may hardly ever read it. */
async function inspector(context: DoctorContext): Promise<Consultation['inspect']> {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = context.environment;
  const sessionToken = context.environment['AWS_SESSION_TOKEN'] || undefined;
  if (!accessKeyId || !secretAccessKey) {
    throw new RolesAnywhereError('OPTION_MISSING', '--inspect asks AWS, and there are no credentials for it', {
      hints: [
        'set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of somebody who may read trust anchors, profiles, CRLs and roles: aws configure export-credentials --format env',
      ],
    });
  }
  const { inspectAccount } = await import('../../../doctor/inspect-account.ts');
  const keys = { accessKeyId, secretAccessKey, sessionToken };
  const { now, random, sleep, userAgent, environment } = context;
  return (request) => {
    const caller = { now, random, sleep, userAgent, keys, network: request.network };
    return inspectAccount(request, caller, environment);
  };
}

function accountFiles(own: OptionValues): Parameters<typeof readAccount>[0] {
  return {
    trustAnchorCertificates: own.list('trust-anchor-certificate'),
    crls: own.list('crl'),
    trustPolicy: own.text('trust-policy'),
    attributeMapping: own.text('attribute-mapping'),
    profileDocument: own.text('profile-document'),
  };
}

function jsonOf({ status, checks }: DoctorReport, quiet: boolean): string {
  const shown = quiet ? checks.filter((check) => check.status === 'FAIL' || check.status === 'WARN') : checks;
  return `${JSON.stringify({ status, checks: shown }, null, 2)}\n`;
}
