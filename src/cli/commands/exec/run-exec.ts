import { RolesAnywhereError } from '../../../core/errors.ts';
import { checkUsable } from '../../../outputs/check-usable.ts';
import { credentialVariables, type Variable } from '../../../outputs/credential-variables.ts';
import { childEnvironment } from '../../../outputs/exec/child-environment.ts';
import { obtainOnce } from '../../../outputs/obtain-once.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { resolvePlan } from '../../../options/resolve/resolve-plan.ts';
import type { CredentialPlan, PipelineContext } from '../../../pipeline/credential-plan.ts';
import { cacheOptions, pipelineContext } from '../../contexts.ts';
import type { Terminal } from '../../command.ts';
import { printable } from '../../terminal/printable.ts';
import { type CommandLine, runProgram } from './run-program.ts';

/** What leads a program to its credentials, for as long as it runs. */
interface Supply {
  readonly variables: readonly Variable[];
  close(): Promise<void>;
}

/** Runs the program that the words name, or a shell where they name none. @returns its exit status */
export async function runExec(values: OptionValues, terminal: Terminal): Promise<number> {
  const plan = await resolvePlan(values, terminal.env).catch((error: unknown) => {
    throw withProfileHint(error, values);
  });
  const region = await regionOf(plan, values, terminal);
  const supply = values.isOn('server')
    ? await openEndpoint(plan, values, terminal)
    : await obtain(plan, values, terminal);
  const env = childEnvironment(terminal.env, {
    variables: supply.variables,
    region,
    secrets: secretVariables(values),
  });
  const line = commandLine(values, terminal);
  return runProgram(line, {
    env,
    terminal,
    isDebug: values.isOn('debug'),
    explain: (error) => withProfileHint(error, values),
    close: () => supply.close(),
  });
}

/** What was asked for, or else the shell of the user, who is told that it is one. */
function commandLine({ words: [program, ...args] }: OptionValues, { env, log }: Terminal): CommandLine {
  if (program !== undefined) return [program, ...args];
  const shell = process.platform === 'win32' ? env['COMSPEC'] || 'cmd.exe' : env['SHELL'] || '/bin/sh';
  log(`roles-anywhere: ${printable(shell)} starts with the credentials in its environment, until you leave it by exit`);
  return [shell];
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
  const { openContainerEndpoint } = await import('../../../outputs/exec/container-endpoint.ts');
  const { systemClock } = await import('../../../pipeline/refresh/clock.ts');
  await warnOfDefaultProfile(terminal);
  const { endDespiteCalls, endingInTime, warnOfDebugDoors } = await import('../../terminal/long-lived.ts');
  warnOfDebugDoors(terminal.env, terminal.warn);
  const { findFfi } = await import('../../../ffi/find-ffi.ts');
  const { hideMemory } = await import('../../terminal/hide-memory.ts');
  const ffi = await findFfi('long');
  hideMemory(ffi, terminal.warn);
  endDespiteCalls(ffi);
  const pipeline: PipelineContext = { ...(await pipelineContext(values, terminal)), life: 'long' };
  const endpoint = await openContainerEndpoint(plan, { pipeline, clock: systemClock(), warn: terminal.warn });
  return {
    variables: endpoint.variables,
    // The program has ended, and nobody waits for more than its status.
    close: () => endingInTime(endpoint.close(), Promise.resolve(), terminal.warn),
  };
}

/** The region of the profile, as the program is not told of the profile, or else that of the trust anchor. */
async function regionOf(plan: CredentialPlan, values: OptionValues, { env }: Terminal): Promise<string> {
  const { region } = plan.targets[0].request.session;
  if (values.profileName === undefined) return region;
  const { readAwsConfig } = await import('../../../options/profile/aws-files.ts');
  return (await readAwsConfig(env)).profiles.get(values.profileName)?.get('region') ?? region;
}

/** SDKs look at the default profile before they ask an endpoint. */
async function warnOfDefaultProfile({ env, warn }: Terminal): Promise<void> {
  const { findDefaultCredentials } = await import('../../../options/profile/aws-files.ts');
  const key = await findDefaultCredentials(env);
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
