import { platform } from 'node:os';
import { RolesAnywhereError } from '../core/errors.ts';
import { type WindowsProgram, windowsProgram } from '../core/windows-program.ts';
import { placeholderHints } from '../options/parse/problems.ts';
import type { ConfigSection } from '../options/profile/aws-config.ts';
import { type AwsFiles, readAwsConfig, readCredentials } from '../options/profile/aws-files.ts';
import { splitCommandLine } from '../options/profile/split-command-line.ts';
import type { Check, DoctorContext, Examination } from './examination.ts';
import { failed, pass, skip, warn } from './finding.ts';
import { findProgram, realPathOf } from './find-program.ts';
import type { Finding } from './report.ts';

type Environment = DoctorContext['environment'];

/** What the AWS CLI and the SDKs would take in place of what is configured here. */
export const checkAwsClients: Check = {
  name: 'aws-clients',
  async run({ subject, context: { environment, inspects } }) {
    const files = await readFiles(environment);
    const ofEnvironment = inspects === true ? [] : environmentFindings(environment);
    if ('error' in files) return [...ofEnvironment, failed(files.error, 'WARN')];
    const profile = profileOf(subject, environment);
    const findings = [...ofEnvironment, ...profileFindings(profile, files, environment)];
    return findings.length > 0 ? findings : [nothingElse(profile, files)];
  },
};

interface Files {
  readonly config: AwsFiles | undefined;
  readonly credentials: ReadonlyMap<string, ConfigSection>;
}

async function readFiles(environment: Environment): Promise<Files | { readonly error: unknown }> {
  const credentials = await readCredentials(environment);
  try {
    return { config: await readAwsConfig(environment), credentials };
  } catch (error) {
    const isMissing = error instanceof RolesAnywhereError && error.code === 'CONFIG_PROFILE';
    return isMissing ? { config: undefined, credentials } : { error };
  }
}

interface UsedProfile {
  readonly name: string;
  /** Who names it: `--from-profile`, `AWS_PROFILE`; undefined for `default`, which nobody names. */
  readonly by: string | undefined;
}

function profileOf({ values }: Examination['subject'], environment: Environment): UsedProfile {
  if (values?.profileName !== undefined) return { name: values.profileName, by: '--from-profile' };
  const by = ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE'].find((name) => environment[name]);
  return { name: (by !== undefined && environment[by]) || 'default', by };
}

/** Keys in the environment go before any profile, for most clients. */
function environmentFindings(environment: Environment): readonly Finding[] {
  const has = (name: string): boolean => Boolean(environment[name]);
  return [
    ...(has('AWS_ACCESS_KEY_ID') && has('AWS_SECRET_ACCESS_KEY')
      ? [
          warn(
            'environment-credentials',
            'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set: the AWS CLI and the SDKs use them before any profile',
            'unset them',
          ),
        ]
      : []),
    ...(has('AWS_WEB_IDENTITY_TOKEN_FILE') && has('AWS_ROLE_ARN')
      ? [
          warn(
            'environment-credentials',
            'AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are set: SDKs use them before a credential_process',
            'unset them',
          ),
        ]
      : []),
  ];
}

function profileFindings(
  profile: UsedProfile,
  { config, credentials }: Files,
  environment: Environment,
): readonly Finding[] {
  const { name, by } = profile;
  const configured = config?.profiles.get(name);
  const stored = credentials.get(name);
  if (configured === undefined && stored === undefined) {
    if (by === undefined || by === '--from-profile') return [];
    return [
      warn(
        'profile-missing',
        `${by} names the profile ${name}, which is in neither file of the AWS CLI`,
        `unset ${by}, or write the profile`,
      ),
    ];
  }
  const line = configured?.get('credential_process') ?? stored?.get('credential_process');
  return [
    ...staticKeys(name, { configured, stored, isOurs: line !== undefined }),
    ...(line === undefined ? [] : lineFindings(name, line, environment)),
  ];
}

interface Sections {
  readonly configured: ConfigSection | undefined;
  readonly stored: ConfigSection | undefined;
  /** Whether the profile has a credential_process that they would outrank. */
  readonly isOurs: boolean;
}

/** In one profile static keys outrank a credential_process, those that somebody forgot in the credentials file too. */
function staticKeys(name: string, { configured, stored, isOurs }: Sections): readonly Finding[] {
  if (!isOurs) return [];
  const places = [
    stored?.has('aws_access_key_id') ? ['the credentials file'] : [],
    configured?.has('aws_access_key_id') ? ['the configuration file'] : [],
  ].flat();
  return places.map((place) =>
    warn(
      'static-keys',
      `profile ${name} has aws_access_key_id in ${place}, which clients take before its credential_process`,
      'remove aws_access_key_id, aws_secret_access_key and aws_session_token there',
    ),
  );
}

/** What of a credential_process line works in one client and not in another. */
function lineFindings(name: string, line: string, environment: Environment): readonly Finding[] {
  const place = `credential_process of profile ${name}`;
  const oneLine = line.replaceAll('\\\n', ' ');
  const words = splitCommandLine(oneLine) ?? [];
  const placeholders = placeholderHints(oneLine);
  return [
    ...(line.includes('\\\n')
      ? [
          warn(
            'process-line-break',
            `${place} is broken over several lines with backslashes, which no SDK reads so`,
            'write it on one line',
          ),
        ]
      : []),
    ...(words.length === 0 ? [warn('process-quotes', `${place} has a quote that is never closed`, 'close it')] : []),
    ...(placeholders.length > 0
      ? [warn('process-placeholder', `${place} still holds placeholders`, ...placeholders)]
      : []),
    ...(/(^|\s|=)~\/|\$\{?\w+|%\w+%/.test(oneLine)
      ? [
          warn(
            'process-expansion',
            `${place} holds ~ or a variable, which most clients pass on as it is`,
            'write the whole path',
          ),
        ]
      : []),
    ...(/(^|\s)pkcs11:[^\s"']*;/.test(oneLine)
      ? [
          warn(
            'process-quotes',
            `${place} holds a PKCS#11 URI without quotes: the shell of the SDK for JavaScript ends the command at its ;`,
            'put the URI in double quotes',
          ),
        ]
      : []),
    ...(words.some((word) => /^--debug(=true)?$/.test(word))
      ? [
          warn(
            'process-debug',
            `${place} has --debug: aws_signing_helper then prints secrets, and some clients take stderr for the answer`,
            'leave it out',
          ),
        ]
      : []),
    ...programFindings(place, words, environment),
  ];
}

function programFindings(place: string, [program]: readonly string[], environment: Environment): readonly Finding[] {
  if (program === undefined || /^[~$%]/.test(program) || findProgram(program, environment) !== undefined) return [];
  return [
    warn(
      'process-program',
      `${place} runs ${program}, which cannot be found or run`,
      'write the whole path of the program',
    ),
  ];
}

function nothingElse({ name, by }: UsedProfile, { config, credentials }: Files): Finding {
  const isThere = config?.profiles.has(name) === true || credentials.has(name);
  if (!isThere) return pass('nothing else would be taken: no keys in the environment, and no profile by default');
  return pass(`the profile ${name}${by === undefined ? '' : ` of ${by}`}: nothing goes before what it says`);
}

/** Older ones know no AWS_ENDPOINT_URL (AWS CLI changelog, 1.29.0 and 2.13.0). */
const endpointsSince = { 1: 29, 2: 13 } as const;

/** The AWS CLI on the PATH. */
export const checkAwsCli: Check = {
  name: 'aws-cli',
  async run({ context: { environment, offline } }) {
    const path = findProgram('aws', environment);
    if (path === undefined) return [skip('there is no aws on the PATH')];
    // What version 2's installer calls the folder; to run it takes as long as all other checks together.
    const byPath = /\/v2\/(\d+\.\d+\.\d+)\//.exec(realPathOf(path))?.[1];
    if (byPath === undefined && offline) return [skip(`${path} is not run: --offline`)];
    const version = byPath ?? (await versionOf(path, environment));
    if (version === undefined) return [warn('aws-cli', `${path} does not tell its version`, `run ${path} --version`)];
    return [...endpointFindings(version, environment), pass(`${path}, version ${version}`)];
  },
};

function endpointFindings(version: string, environment: Environment): readonly Finding[] {
  const given = Object.keys(environment).find((name) => name.startsWith('AWS_ENDPOINT_URL') && environment[name]);
  const [major, minor] = version.split('.').map(Number);
  const since = major === 1 ? endpointsSince[1] : endpointsSince[2];
  if (given === undefined || major === undefined || minor === undefined || major > 2 || minor >= since) return [];
  return [
    warn(
      'aws-cli-endpoint',
      `version ${version} of the AWS CLI takes no notice of ${given}`,
      'give it --endpoint-url, or install a newer one',
    ),
  ];
}

/** Milliseconds: a CLI in Python takes one to two seconds the first time. */
const longestRun = 15_000;

/** What a CLI in Python needs, and cmd.exe where it is a batch file. Names of variables have no case on Windows. */
const passedOn: ReadonlySet<string> = new Set(['PATH', 'HOME', 'USERPROFILE', 'SYSTEMROOT', 'COMSPEC', 'PATHEXT']);

/** @param timeout milliseconds, after which it is ended whatever it does with signals */
export async function versionOf(
  path: string,
  environment: Environment,
  timeout = longestRun,
): Promise<string | undefined> {
  const env = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => value && passedOn.has(name.toUpperCase())),
  );
  const { execFile } = await import('node:child_process');
  const told = new Promise<string | undefined>((resolve) => {
    const { file, args, isVerbatim } = toRun(path, ['--version'], env);
    const options = {
      timeout,
      killSignal: 'SIGKILL' as const,
      env,
      windowsHide: true,
      windowsVerbatimArguments: isVerbatim,
    };
    execFile(file, args, options, (_error, stdout, stderr) => {
      resolve(/aws-cli\/(\d+\.\d+\.\d+)/.exec(`${stdout}${stderr}`)?.[1]);
    });
  });
  // Node throws at once where something can be no program.
  return told.catch(() => undefined);
}

function toRun(path: string, args: readonly string[], env: Environment): WindowsProgram {
  return platform() === 'win32' ? windowsProgram(path, args, env) : { file: path, args, isVerbatim: false };
}
