import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandbox } from '../../../../src/cli/commands/sandbox/sandbox.ts';
import { sandboxOptions } from '../../../../src/cli/commands/sandbox/sandbox-options.ts';
import { createCertificateAuthority } from '../../../../src/sandbox/index.ts';
import { keyTypes } from '../../../../src/sandbox/key-types.ts';
import { valuesOf } from '../../../options/parse/values.ts';
import { type Ability, needsAwsCli, runAws } from '../../../support/aws-clients.ts';
import { rejectionOf } from '../../../support/thrown.ts';
import { type FakeTerminal, fakeTerminal } from '../../terminal/fake-terminal.ts';

interface Running {
  readonly terminal: FakeTerminal;
  /** Ends it as a signal would, and waits for the end. */
  stop(): Promise<number | void>;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-run-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the command; resolves when it has told how to reach it. */
async function start(...args: string[]): Promise<Running> {
  const signals = new EventEmitter();
  const stopped = once(signals, 'stop');
  const started = once(signals, 'start');
  const remembering = fakeTerminal();
  const terminal: FakeTerminal = {
    ...remembering,
    untilStopped: async () => void (await stopped),
    log: (line) => {
      remembering.log(line);
      if (line.includes(' listens on ')) signals.emit('start');
    },
  };
  const ended = sandbox.run(await valuesOf('sandbox', { args, rows: sandboxOptions }), terminal);
  await Promise.race([started, ended]);
  return {
    terminal,
    stop: () => {
      signals.emit('stop');
      return ended;
    },
  };
}

const services: Ability = 'services and AWS_ENDPOINT_URL_STS';

interface JsonOutput {
  readonly endpoint: string;
  readonly stsEndpoint: string;
  readonly roleArn: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly config: string;
}

/** What `--json` prints. */
async function startJson(...args: string[]): Promise<Running & { readonly output: JsonOutput }> {
  const running = await start('--json', ...args);
  const output: JsonOutput = JSON.parse(running.terminal.written());
  return { ...running, output };
}

const fail = (...args: string[]) => rejectionOf(start(...args));

test('prints a profile and export lines, and nothing else, until it is stopped', async () => {
  const running = await start(
    '--region',
    'eu-west-1',
    '--role',
    'Worker',
    '--role',
    'arn:aws:iam::444455556666:role/W',
  );
  const text = running.terminal.written();
  expect(text).toMatch(
    /^# For ~\/\.aws\/config.*\n\[profile sandbox\]\ncredential_process = roles-anywhere credential-process --from-profile sandbox\n/,
  );
  expect(text).toContain('\nroles_anywhere_role_arn = arn:aws:iam::111122223333:role/Worker\n');
  expect(text).toMatch(/\n\[services sandbox\]\nsts =\n {2}endpoint_url = http:\/\/127\.0\.0\.1:\d+\n/);
  expect(text).toMatch(/\nexport AWS_ENDPOINT_URL_STS=http:\/\/127\.0\.0\.1:\d+\n/);
  expect(text).toMatch(/\nexport ROLES_ANYWHERE_CERTIFICATE=\S+certificate\.pem\n/);
  expect(text).not.toContain('PRIVATE KEY');
  const [, endpoint = ''] = /roles_anywhere_endpoint = (\S+)/.exec(text) ?? [];
  expect(running.terminal.lines).toEqual([`the sandbox listens on ${endpoint} until it is interrupted`]);
  expect((await fetch(`${endpoint}/sessions`, { method: 'POST' })).status).toBe(403);
  expect(running.terminal.lines.at(-1)).toMatch(
    /CreateSession 403 AccessDeniedException "Invalid signature": there is no Auth/,
  );
  await running.stop();
  await expect(fetch(endpoint)).rejects.toThrow('fetch failed');
});

test('export lines survive a shell', async () => {
  const directory = join(folder, "it's here");
  const running = await start('--directory', directory);
  const exports = running.terminal.written().split('# Or for a shell')[1]?.split('\n').slice(1).join('\n') ?? '';
  const { stdout } = await promisify(execFile)('sh', ['-c', `${exports}\nprintf %s "$ROLES_ANYWHERE_CERTIFICATE"`]);
  expect(stdout).toBe(join(directory, 'certificate.pem'));
  await running.stop();
});

test('takes a CA and a leaf of your own', async () => {
  const ca = await createCertificateAuthority();
  const anchor = join(folder, 'ca.pem');
  writeFileSync(anchor, ca.certificate);
  const running = await startJson('--anchor', anchor, '--certificate', 'leaf.pem', '--private-key', '/etc/leaf.key');
  expect(running.output.stsEndpoint).toBe(running.output.environment['AWS_ENDPOINT_URL_STS']);
  expect(running.output.environment).toMatchObject({
    ROLES_ANYWHERE_CERTIFICATE: join(process.cwd(), 'leaf.pem'),
    ROLES_ANYWHERE_PRIVATE_KEY: '/etc/leaf.key',
  });
  await running.stop();
});

test('takes every other option', async () => {
  const directory = join(folder, 'files');
  const what = [
    '--account-id',
    '444455556666',
    '--key-type',
    'RSA-2048',
    '--role',
    'team/Worker',
    '--directory',
    directory,
  ];
  const rules = ['--role-max-session-duration', '43200', '--profile-duration', '900', '--accept-role-session-name'];
  const troubles = ['--throttle', '1', '--clock-offset', '-60', '--fail', 'status=503,times=2', '--fail', 'drop'];
  const running = await startJson(...what, ...rules, ...troubles);
  const { output, terminal } = running;
  expect(output.roleArn).toBe('arn:aws:iam::444455556666:role/team/Worker');
  expect(readFileSync(join(directory, 'private-key.pem'), 'utf8').length).toBeGreaterThan(1600);
  const ask = () => fetch(`${output.endpoint}/sessions`, { method: 'POST' });
  expect([(await ask()).status, (await ask()).status]).toEqual([503, 503]);
  await expect(ask()).rejects.toThrow('fetch failed');
  const minuteAgo = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const date = Date.parse((await ask()).headers.get('date') ?? '');
  expect(date).toBeGreaterThanOrEqual(minuteAgo);
  expect(date).toBeLessThanOrEqual(Date.now() - 60_000);
  const atOnce = await Promise.all(Array.from({ length: 20 }, ask));
  expect(atOnce.map(({ status }) => status)).toContain(429);
  expect(terminal.lines.filter((line) => line.includes(' 503 '))).toHaveLength(2);
  await running.stop();
});

describe('what is refused before it starts', () => {
  test.each([
    [['--fail', 'status=abc'], 'OPTION_INVALID', /^--fail does not take "status=abc"$/],
    [['--port', '70000'], 'OPTION_INVALID', /--port must be a whole number from 0 to 65535/],
    [['--key-type', 'DSA'], 'OPTION_INVALID', /--key-type must be one of P-256/],
    [['--account-id', '12'], 'OPTION_INVALID', /"12" is not twelve digits/],
    [['--role', 'a b'], 'OPTION_INVALID', /"a b" is no name of a role/],
    [['--anchor', 'nonexistent.pem'], 'FILE_FAILED', /^--anchor: cannot read \/.*\/nonexistent\.pem: ENOENT$/],
    [['--anchor', '/nonexistent/ca.pem'], 'FILE_FAILED', /^--anchor: cannot read \/nonexistent\/ca\.pem: ENOENT$/],
    [['--certificate', 'a.pem'], 'OPTION_MISSING', /^--certificate and --private-key go together/],
  ])('%j', async (args, code, message) => {
    const error = await fail(...args);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

test('the environment of a sandbox does not set up the next one', () => {
  expect(sandboxOptions.filter((row) => row.flagOnly !== true)).toEqual([]);
});

test('the table has the kinds of keys that the sandbox makes', () => {
  expect(sandboxOptions.find(({ flag }) => flag === 'key-type')?.choices).toEqual(keyTypes);
});

describe('the AWS CLI', needsAwsCli(), () => {
  /** Makes the call with what was printed. Who gets the credentials is tested with the real command, in test/interop. */
  async function call(printed: string, line: RegExp): Promise<string> {
    const keys = '{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"x","SessionToken":"y"}';
    writeFileSync(join(folder, 'keys.json'), keys);
    const process_ = `credential_process = cat ${join(folder, 'keys.json')}`;
    const config = join(folder, 'config');
    writeFileSync(config, printed.replace(/credential_process = .*/, process_).split('# Or for a shell')[0] ?? '');
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', AWS_CONFIG_FILE: config, AWS_MAX_ATTEMPTS: '1' };
    const args = line.exec(printed)?.[1]?.split(' ') ?? [];
    return runAws(args, env).catch(String);
  }

  const lines = [
    { name: 'new enough understands the profile', line: /; then: aws (.*)/, needed: [services] },
    { name: 'of any age understands the line beside the profile', line: /^# {3}aws (.*)/m, needed: [] },
  ];

  test.for(lines)('$name', async ({ line, needed }, { skip }) => {
    skip(needsAwsCli(...needed).skip);
    const running = await start('--region', 'eu-west-1');
    expect(await call(running.terminal.written(), line)).toContain('(InvalidClientTokenId)');
    expect(running.terminal.lines.at(-1)).toContain('the access key id ASIAEXAMPLE was not issued by this sandbox');
    await running.stop();
  });
});
