import { constants } from 'node:os';
import { RolesAnywhereError } from '../errors.ts';
import { checkUsable } from '../faces/check-usable.ts';
import { credentialVariables, type Variable } from '../faces/credential-variables.ts';
import { childEnvironment } from '../faces/exec/child-environment.ts';
import { obtainOnce } from '../faces/obtain-once.ts';
import type { OptionValues } from '../options/option-values.ts';
import type { CredentialPlan } from '../credential-plan.ts';
import { cacheOptions } from './cache-options.ts';
import type { Terminal } from './command.ts';
import { pipelineContext } from './pipeline-context.ts';
import { planOf } from './plan-of.ts';
import { reportError } from './report-error.ts';
import { type ProgramEnd, runProgram } from './run-program.ts';

/** What leads a program to its credentials, for as long as it runs. */
interface Supply {
  readonly variables: readonly Variable[];
  close(): Promise<void>;
}

/** Runs the program that the words name. @returns its exit status */
export async function runExec(values: OptionValues, terminal: Terminal): Promise<number> {
  const [program, ...args] = values.words;
  if (program === undefined) {
    throw new RolesAnywhereError('OPTION_MISSING', 'exec needs a program to run', {
      hints: ['write it last: roles-anywhere exec [options] -- PROGRAM [ARGUMENT …]'],
    });
  }
  const plan = await planOf(values, terminal).catch((error: unknown) => {
    throw withProfileHint(error, values);
  });
  const supply = values.isOn('server')
    ? await openEndpoint(plan, values, terminal)
    : await obtain(plan, values, terminal);
  const env = childEnvironment(terminal.env, {
    variables: supply.variables,
    region: await regionOf(plan, values, terminal),
    secrets: secretVariables(values),
  });
  let end: ProgramEnd;
  try {
    end = await runProgram(program, args, env);
  } catch (error) {
    if (!(error instanceof RolesAnywhereError) || error.code !== 'PROGRAM_FAILED') throw error;
    reportError(withProfileHint(error, values), values.isOn('debug') ? ['--debug'] : [], terminal);
    return isAbsent(error.cause) ? 127 : 126;
  } finally {
    await supply.close();
  }
  return statusOf(end);
}

/**
 * `exec on-prem -- ls`: aws-vault and others take a profile there. `env -- ls` is right all the same, so that only a
 * failure tells.
 */
function withProfileHint(error: unknown, { words, profileName }: OptionValues): unknown {
  const [first = '', second, ...rest] = words;
  const isMeant = error instanceof RolesAnywhereError && ['OPTION_MISSING', 'PROGRAM_FAILED'].includes(error.code);
  if (!isMeant || second !== '--' || profileName !== undefined) return error;
  const line = ['roles-anywhere exec --from-profile', first, '--', ...rest.slice(0, 1)].join(' ');
  return new RolesAnywhereError(error.code, error.message, {
    cause: error.cause,
    hints: [`${first} stands where the program belongs; for a profile of that name write ${line} …`, ...error.hints],
  });
}

async function obtain(plan: CredentialPlan, values: OptionValues, terminal: Terminal): Promise<Supply> {
  const cache = await cacheOptions(values, terminal);
  const credentials = await obtainOnce(plan, cache, await pipelineContext(values, terminal));
  checkUsable(credentials, terminal.now());
  const { accountId } = credentials;
  const account: readonly Variable[] = accountId === undefined ? [] : [['AWS_ACCOUNT_ID', accountId]];
  return { variables: [...credentialVariables(credentials), ...account], close: async () => undefined };
}

async function openEndpoint(plan: CredentialPlan, values: OptionValues, terminal: Terminal): Promise<Supply> {
  const { openContainerEndpoint } = await import('../faces/exec/container-endpoint.ts');
  const { systemClock } = await import('../refresh/clock.ts');
  await warnOfDefaultProfile(terminal);
  const pipeline = await pipelineContext(values, terminal);
  return openContainerEndpoint(plan, { pipeline, clock: systemClock(), warn: terminal.warn });
}

/** The region of the profile, as the program is not told of the profile, or else that of the trust anchor. */
async function regionOf(plan: CredentialPlan, values: OptionValues, { env }: Terminal): Promise<string> {
  const { region } = plan.targets[0].request.session;
  if (values.profileName === undefined) return region;
  const { readAwsConfig } = await import('../options/aws-files.ts');
  return readAwsConfig(env).profiles.get(values.profileName)?.get('region') ?? region;
}

/** SDKs look at the default profile before they ask an endpoint. */
async function warnOfDefaultProfile({ env, warn }: Terminal): Promise<void> {
  const { findDefaultCredentials } = await import('../options/default-credentials.ts');
  const key = findDefaultCredentials(env);
  if (key !== undefined) {
    warn(`the default profile has ${key}: SDKs take its credentials and do not ask the endpoint of --server`);
  }
}

/** Variables that hold certificate or key of any profile: `env:NAME`. */
function secretVariables(values: OptionValues): readonly string[] {
  const flags = ['certificate', 'private-key', 'intermediates'];
  const sources = [values, ...values.others].flatMap((each) => flags.map((flag) => each.text(flag) ?? ''));
  return sources.filter((text) => text.startsWith('env:')).map((text) => text.slice('env:'.length));
}

/**
 * A program that was ended by a signal is told of as shells do it. Of the signals that a person or a service manager
 * sends, this process ends too, so that who waits for it sees the same.
 */
function statusOf(end: ProgramEnd): number {
  if ('status' in end) return end.status;
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(end.signal)) process.kill(process.pid, end.signal);
  return 128 + constants.signals[end.signal];
}

function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}
