import { describeError } from '../../../core/describe-error.ts';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Variable } from '../../../outputs/credential-variables.ts';
import { childEnvironment } from '../../../outputs/exec/child-environment.ts';
import { settingLine } from '../../../outputs/export/quote.ts';
import type { OptionValues } from '../../../options/parse/option-values.ts';
import { keyTypes } from '../../../sandbox/key-types.ts';
import type { ProfileOptions } from '../../../sandbox/registry.ts';
import { parseFault } from '../../../sandbox/faults.ts';
import { describeRequest } from '../../../sandbox/request-log.ts';
import { openFiles } from '../../../sandbox/sandbox-files.ts';
import type { Sandbox, SandboxOptions } from '../../../sandbox/sandbox.ts';
import { startSandbox } from '../../../sandbox/start-sandbox.ts';
import type { Terminal } from '../../command.ts';
import { type CommandLine, runProgram } from '../exec/run-program.ts';

/**
 * Runs the sandbox until a signal stops it, or until the command that the words name has ended: data to stdout, a line
 * for every request to stderr.
 *
 * @returns the exit status of that command
 */
export async function runSandbox(values: OptionValues, terminal: Terminal): Promise<number | void> {
  const [program, ...args] = values.words;
  if (program !== undefined && values.isOn('json')) {
    throw new RolesAnywhereError('OPTION_CONFLICT', '--json has nothing to print where a command is run');
  }
  // From here on: what is half started is tidied up as well. A command gets the signals itself.
  const stopped = program === undefined ? terminal.untilStopped() : undefined;
  const faults = values.list('fail').map((text) => parseFault(text, values.origin('fail')));
  const running = await startSandbox({
    ...readOptions(values),
    keyType: keyTypes.find((type) => type === values.text('key-type')),
    now: () => terminal.now(),
    log: (record) => terminal.log(describeRequest(record)),
  });
  for (const fault of faults) running.failNext(fault);
  if (program !== undefined) return runInside(running, [program, ...args], terminal);
  try {
    await terminal.stdout(values.isOn('json') ? describeAsJson(running) : describeAsText(running));
    terminal.log(`the sandbox listens on ${running.endpoint} until it is interrupted`);
    await stopped;
  } finally {
    await running.close();
  }
}

type AttributeMapping = NonNullable<ProfileOptions['attributeMappings']>[number];

const certificateFields = ['x509Subject', 'x509Issuer', 'x509SAN'] as const;

/** Runs a command whose environment leads to the sandbox and nowhere else. @returns its exit status */
async function runInside(running: Sandbox, line: CommandLine, terminal: Terminal): Promise<number> {
  const files = openFiles(undefined);
  const close = async (): Promise<void> => {
    files.remove();
    await running.close();
  };
  const config = files.write('config', configFor(running));
  const { region, environment } = running;
  const variables: readonly Variable[] = [
    ...Object.entries(environment),
    ['AWS_CONFIG_FILE', config],
    // Not there, and not the user's own: a profile of that name in it would come first.
    ['AWS_SHARED_CREDENTIALS_FILE', join(dirname(config), 'credentials')],
    ['AWS_PROFILE', 'sandbox'],
  ];
  const env = childEnvironment(terminal.env, { variables, region, secrets: [] });
  return runProgram(line, { env, terminal, isDebug: false, close });
}

/** Where Bun says that the files are which an executable holds. */
const withinExecutable = /^(?:\/\$bunfs\/|B:[\\/]~BUN[\\/])/;

/** A profile whose credential_process is this very program: it need not be on the PATH. */
function configFor(running: Sandbox): string {
  const words = [process.execPath, process.argv[1] ?? ''].filter((path) => !withinExecutable.test(path));
  const program = words.map((path) => `"${path}"`).join(' ');
  return running
    .configSection('sandbox')
    .replace('credential_process = roles-anywhere ', () => `credential_process = ${program} `);
}

function readOptions(values: OptionValues): SandboxOptions {
  const [anchors, crls] = ['anchor', 'crl'].map((flag) =>
    values.list(flag).map((path) => readPem(path, values.origin(flag))),
  );
  const mappings = values
    .list('attribute-mapping')
    .map((text) => parseMapping(text, values.origin('attribute-mapping')));
  const maxSessionDuration = values.integer('role-max-session-duration') ?? 3600;
  return {
    port: values.integer('port'),
    region: values.text('region'),
    accountId: values.text('account-id'),
    anchors: anchors?.length === 0 ? undefined : anchors,
    crls,
    identity: readIdentity(values),
    roles: values.list('role').map((name) => ({ name, maxSessionDuration })),
    profile: {
      durationSeconds: values.integer('profile-duration') ?? 3600,
      acceptRoleSessionName: values.isOn('accept-role-session-name'),
      ...(mappings.length === 0 ? {} : { attributeMappings: mappings }),
    },
    throttle: values.integer('throttle'),
    clockOffset: values.integer('clock-offset'),
    directory: values.text('directory'),
  };
}

/** `x509Subject=CN,OU`: the service's own words, which it checks by itself. */
function parseMapping(text: string, option: string): AttributeMapping {
  const [field, specifiers = ''] = text.split(/=(.*)/s, 2);
  const certificateField = certificateFields.find((name) => name === field);
  if (certificateField === undefined || specifiers === '') {
    const form = `must be ${certificateFields.join(', ')} and specifiers after =`;
    throw new RolesAnywhereError('OPTION_INVALID', `${option} ${form}, not ${JSON.stringify(text)}`, {
      hints: ['write x509Subject=CN,OU or x509SAN=DNS'],
    });
  }
  return {
    certificateField,
    mappingRules: specifiers.split(',').map((specifier) => ({ specifier: specifier.trim() })),
  };
}

function readPem(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const message = `${option}: cannot read ${resolve(path)}: ${describeError(cause).message}`;
    throw new RolesAnywhereError('FILE_FAILED', message, { cause });
  }
}

/** What is printed is for other folders too, so the paths are made absolute. */
function readIdentity(values: OptionValues): SandboxOptions['identity'] {
  const [certificate, privateKey] = [values.text('certificate'), values.text('private-key')];
  if (certificate === undefined && privateKey === undefined) return undefined;
  if (certificate === undefined || privateKey === undefined) {
    throw new RolesAnywhereError('OPTION_MISSING', '--certificate and --private-key go together, and one is missing');
  }
  return { certificatePath: resolve(certificate), privateKeyPath: resolve(privateKey) };
}

/** Where the sandbox does not know the leaf, it has no variables for it: the user has to name it. */
function commandFor({ environment }: Sandbox): string {
  const command = 'roles-anywhere credential-process';
  return 'ROLES_ANYWHERE_CERTIFICATE' in environment ? command : `${command} --certificate FILE --private-key FILE`;
}

function describeAsText(running: Sandbox): string {
  const exports = Object.entries(running.environment).map(([name, value]) => settingLine(name, value));
  return [
    '# For ~/.aws/config; then: aws --profile sandbox sts get-caller-identity',
    running.configSection(),
    '# An AWS CLI before 2.13 (or 1.29) knows no `services` and must be told:',
    `#   aws --profile sandbox --endpoint-url ${running.stsEndpoint} sts get-caller-identity`,
    '',
    `# Or for a shell; then: ${commandFor(running)}`,
    ...exports,
    '',
  ].join('\n');
}

function describeAsJson(running: Sandbox): string {
  const { endpoint, stsEndpoint, region, accountId, trustAnchorArn, profileArn, roleArn, environment } = running;
  const config = running.configSection();
  const arns = { trustAnchorArn, profileArn, roleArn };
  return `${JSON.stringify({ endpoint, stsEndpoint, region, accountId, ...arns, environment, config })}\n`;
}
