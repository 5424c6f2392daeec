import { RolesAnywhereError } from '../../core/errors.ts';
import { examine } from '../../doctor/doctor.ts';
import type { DoctorContext, Subject } from '../../doctor/examination.ts';
import { type AccountFiles, readAccount } from '../../doctor/read-account.ts';
import type { CheckResult, DoctorReport, Finding } from '../../doctor/report.ts';
import type { CredentialTarget } from '../../pipeline/credential-plan.ts';
import { type Ambient, ambient } from './ambient.ts';
import { profileName } from './caller-config.ts';
import { checkInit } from './check-init.ts';
import type { FromRolesAnywhereInit } from './init.ts';
import type { ClockedContext } from './init-identity.ts';
import { inPropertyNames, withPropertyNames } from './provider-error.ts';
import { resolveInit } from './resolve-init.ts';
import { userAgentOf } from './user-agent.ts';

/**
 * How `doctor` is to look, and what only the account knows, by paths of files.
 *
 * @example
 * ```ts
 * import { doctor, type DoctorOptions } from 'roles-anywhere';
 *
 * const options: DoctorOptions = { offline: true, trustPolicy: 'policy.json', trustAnchorCertificates: ['ca.pem'] };
 * export const report = await doctor({ profile: 'on-prem' }, options);
 * ```
 */
export interface DoctorOptions extends AccountFiles {
  /** Sends nothing. */
  readonly offline?: boolean | undefined;
}

/** Every check over all ways of an init, in the words of the library. */
export async function examineInit(
  init: FromRolesAnywhereInit,
  options: DoctorOptions,
  { environment, clock, random, sleep }: Ambient = ambient,
): Promise<DoctorReport> {
  const files = await readAccount(options);
  const context = {
    clock,
    now: clock.now,
    random,
    sleep,
    environment: environment(),
    askSecret: init.askSecret,
    warn: () => undefined,
    offline: options.offline === true,
    userAgent: userAgentOf(init.userAgentAppId, () => undefined),
  };
  const subjects = await subjectsOf(init, context);
  const { status, checks } = await examine(subjects, { context, files });
  return { status, checks: checks.map(inWordsOfLibrary) };
}

async function subjectsOf(
  init: FromRolesAnywhereInit,
  context: DoctorContext & ClockedContext,
): Promise<readonly [Subject, ...Subject[]]> {
  const env = context.environment;
  try {
    checkInit(init);
    const { plan } = await resolveInit(init, { env, context, profile: profileName(init, undefined, env) });
    const isOne = plan.targets.length === 1;
    const stsEndpoint = stsEndpointOf(init, env);
    const subjectOf = ({ name, request }: CredentialTarget): Subject => {
      const { identity } = request;
      return { target: isOne ? undefined : name, problems: [], request, stsEndpoint, identity };
    };
    const [first, ...others] = plan.targets.map(subjectOf);
    if (first !== undefined) return [first, ...others];
  } catch (error) {
    const known = inPropertyNames(error);
    if (!(known instanceof RolesAnywhereError)) throw error;
    return [{ problems: [known], request: undefined, identity: undefined }];
  }
  return [{ problems: [], request: undefined, identity: undefined }];
}

/** Where no role is assumed behind the session, the request has none. */
function stsEndpointOf(
  { stsEndpoint }: FromRolesAnywhereInit,
  env: DoctorContext['environment'],
): Subject['stsEndpoint'] {
  if (stsEndpoint !== undefined) return { url: stsEndpoint, option: '--sts-endpoint' };
  const variable = ['ROLES_ANYWHERE_STS_ENDPOINT', 'AWS_ENDPOINT_URL_STS'].find((name) => env[name]);
  const url = variable === undefined ? undefined : env[variable];
  return url === undefined || variable === undefined ? undefined : { url, option: variable };
}

function inWordsOfLibrary(check: CheckResult): CheckResult {
  const said = (finding: Finding): Finding => ({
    ...finding,
    message: withPropertyNames(finding.message),
    hints: finding.hints.map(withPropertyNames),
  });
  return { ...check, findings: check.findings.map(said) };
}
