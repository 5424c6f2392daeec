import * as fc from '../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { commandHelp } from '../../src/cli/help.ts';
import { commandNames, loadCommands } from '../../src/cli/load-commands.ts';
import { main } from '../../src/cli/main.ts';
import { version } from '../../src/version.ts';
import { helpTextOf } from '../../src/options/schema/shared-options.ts';
import { definitions } from '../../src/options/schema/definitions.ts';
import { optionTable } from '../../src/options/schema/table.ts';
import { fakeTerminal } from './terminal/fake-terminal.ts';

async function run(argv: readonly string[], env: Record<string, string> = {}) {
  const terminal = fakeTerminal(env);
  const status = await main(argv, terminal);
  return { status, stdout: terminal.written(), stderr: terminal.lines.join('\n') };
}

describe('without a command', () => {
  test('usage on stdout, status 0, as the official helper', async () => {
    const { status, stdout, stderr } = await run([]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: roles-anywhere <command> \[options\]\n/);
    for (const name of commandNames) expect(stdout).toContain(`  ${name} `);
  });

  test.each([[['--help']], [['-h']], [['help']]])('%j: the same', async (argv) => {
    const { status, stdout, stderr } = await run(argv);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe((await run([])).stdout);
  });

  test.each([[['version']], [['--version']]])('%j: the bare version', async (argv) => {
    expect(await run(argv)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('version --verbose: also which build this is, and what runs it', async () => {
    const build = `build: bundle\nruntime: Node ${process.versions.node}\nprogram: ${process.execPath}\n`;
    expect(await run(['version', '--verbose'])).toEqual({ status: 0, stdout: `${version}\n${build}`, stderr: '' });
  });

  test.each([
    [['credential-proces'], 'unknown command "credential-proces"', 'did you mean credential-process?'],
    [['frobnicate'], 'unknown command "frobnicate"', `the commands are ${commandNames.join(', ')}`],
    [['help', 'sing-string'], 'unknown command "sing-string"', 'did you mean sign-string?'],
    [['--debug', 'sign-string'], '--debug stands before the command', 'write roles-anywhere sign-string --debug …'],
    [
      ['--role-arn=x', 'credential-process'],
      '--role-arn stands before the command',
      'write roles-anywhere credential-process --role-arn …',
    ],
    [['--verison'], 'unknown option "--verison" where a command belongs', 'did you mean --version?'],
    [['-V'], 'unknown option "-V" where a command belongs', 'did you mean --version?'],
    [['--hlep'], 'unknown option "--hlep" where a command belongs', 'did you mean --help?'],
    [['--rol-arn'], 'unknown option "--rol-arn" where a command belongs', 'did you mean --role-arn?'],
    [
      ['--frobnicate'],
      'unknown option "--frobnicate" where a command belongs',
      `the commands are ${commandNames.join(', ')}`,
    ],
    [
      ['\\'],
      'a backslash or line break is left over',
      'credential_process in ~/.aws/config cannot be continued with a backslash: write the whole command on one line',
    ],
  ])('%j', async (argv, message, hint) => {
    const { status, stdout, stderr } = await run(argv);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.split('\n').slice(0, 2)).toEqual([`roles-anywhere: ${message}`, `hint: ${hint}`]);
  });
});

describe('help of a command', () => {
  test.each(commandNames)('%s', async (name) => {
    const command = (await loadCommands()).find((one) => one.name === name);
    const { status, stdout, stderr } = await run([name, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe((await run(['help', name])).stdout);
    expect(stdout).toMatch(new RegExp(`^Usage: roles-anywhere ${name}`));
    for (const row of command?.options ?? []) expect(stdout).toContain(`--${row.flag}`);
    expect(stdout.split('\n').filter((line) => line.length > 80 && !line.startsWith('  roles-anywhere'))).toEqual([]);
  });

  test('wins over all that is wrong with the line', async () => {
    expect((await run(['credential-process', '--nope', '-h', 'word', '--region'])).status).toBe(0);
    expect((await run(['credential-process', '--certificate', '--help'])).status).toBe(0);
  });

  test('tells range, default, other sources and what is not built', async () => {
    const { stdout } = await run(['credential-process', '--help']);
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      '--session-duration SECONDS How long the credentials work; the profile may shorten it. From 900 to 43200. Default: 3600.',
    );
    expect(text).toContain('Also: AWS_ENDPOINT_URL_ROLESANYWHERE, AWS_ENDPOINT_URL.');
    expect(text).toContain(
      "--system-store-name STORE Windows certificate store to look in, of the user; LocalMachine\\MY for the machine's. Default: MY.",
    );
    expect(text).toContain('roles_anywhere_trust_anchor_arn');
  });
});

describe('errors', () => {
  test('of the line come before those of what is missing', async () => {
    const { status, stderr } = await run(['credential-process', '--nope']);
    expect(status).toBe(2);
    expect(stderr.split('\n')[0]).toBe('roles-anywhere: unknown option --nope');
    expect(stderr).not.toContain('missing');
  });

  test('name what is missing', async () => {
    const { status, stderr } = await run(['credential-process', '--region', 'eu-west-1']);
    expect(status).toBe(2);
    expect(stderr.split('\n')[0]).toBe(
      'roles-anywhere: --trust-anchor-arn, --profile-arn, --role-arn and --certificate are missing',
    );
  });

  test('an option of another command', async () => {
    const { stderr } = await run(['sign-string', '--role-arn', 'x', '--port', '1']);
    expect(stderr.split('\n')).toEqual([
      'roles-anywhere: sign-string has no option --role-arn',
      'hint: --role-arn belongs to credential-process, serve, update, exec, export, certificates and doctor',
      'hint: also: sign-string has no option --port',
      'hint: --port belongs to serve and sandbox',
    ]);
  });

  test('a selector where there are no stores', async () => {
    const { stderr } = await run(['read-certificate-data', '--cert-selector', 'Key=x509Serial,Value=0A']);
    expect(stderr.split('\n')[0]).toBe(
      'roles-anywhere: --cert-selector selects a certificate of a store of Windows or a keychain of macOS, and this is linux',
    );
  });

  test('of the profile, and only when it is asked for', async () => {
    const env = { AWS_CONFIG_FILE: '/nonexistent/config', AWS_PROFILE: 'nobody' };
    expect((await run(['credential-process', '--from-profile', 'x'], env)).stderr).toContain(
      '--from-profile needs /nonexistent/config, which does not exist',
    );
    expect((await run(['credential-process'], env)).stderr).not.toContain('/nonexistent');
    expect((await run(['credential-process', '--from-profile='], env)).stderr).toContain('--from-profile is empty');
  });

  test.each([
    [
      ['export'],
      { AWS_PROFILE: 'on-prem' },
      'AWS_PROFILE is set and not read: to read options from that profile, give --from-profile on-prem',
    ],
    [
      ['export'],
      { AWS_DEFAULT_PROFILE: 'on prem' },
      'AWS_DEFAULT_PROFILE is set and not read: to read options from that profile, give --from-profile "on prem"',
    ],
    [
      ['update', '--profile', 'on-prem'],
      {},
      '--profile names the profile to write; to read options from one, give --from-profile on-prem',
    ],
    [
      ['exec', 'on-prem', '--', 'ls', '-l'],
      {},
      'on-prem stands where the program belongs; for a profile of that name write roles-anywhere exec --from-profile on-prem -- ls …',
    ],
  ])('%j names the way out first', async (argv, env, hint) => {
    const { status, stderr } = await run(argv, env);
    expect(status).toBe(2);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'roles-anywhere: --trust-anchor-arn, --profile-arn, --role-arn and --certificate are missing',
      `hint: ${hint}`,
    ]);
  });

  test('a selector over several lines', async () => {
    for (const selector of [
      'Key=x509Subject,Value=CN=a\nKey=x509Serial,Value=0A\n',
      '\n  Key=x509Subject,Value=CN=a\n',
    ]) {
      const { stderr } = await run(['read-certificate-data', '--cert-selector', selector]);
      expect(stderr).toContain('--cert-selector selects a certificate of a store of Windows');
    }
    expect((await run(['credential-process', '--cert-selector', 'Key=x509Serial,Value=0A\\'])).stderr).toContain(
      'a backslash or line break is left over after --cert-selector',
    );
  });

  test('numbers are decimal', async () => {
    const { status, stderr } = await run(['serve', '--port', '0x1']);
    expect([status, stderr]).toEqual([2, 'roles-anywhere: --port must be a whole number from 0 to 65535, not "0x1"']);
  });

  test.each([
    [['completion'], 'completion takes one of bash, zsh, fish, powershell'],
    [['completion', 'csh'], 'completion takes one of bash, zsh, fish, powershell'],
    [['completion', 'bash', 'zsh'], 'completion takes one of bash, zsh, fish, powershell'],
    [['version', 'x'], 'unexpected argument "x" after version'],
  ])('%j', async (argv, message) => {
    const { status, stderr } = await run(argv);
    expect([status, stderr.split('\n')[0]]).toEqual([2, `roles-anywhere: ${message}`]);
  });
});

test('a password never shows, whatever else is on the line', async () => {
  const secret = fc.constantFrom(
    ['--pkcs8-password', 'sesame'],
    ['--pkcs8-password=sesame'],
    ['--pkcs8-password', 'open', 'sesame'],
    ['--pkcs8-password', 'open', '-sesame'],
    ['--pkcs8-password-fd', 'sesame'],
    ['--pkcs8-password-fd=sesame'],
    ['--tpm-key-password', 'sesame'],
    ['--pkcs8-pasword', 'sesame'],
    ['--pkcs8-pasword=sesame'],
    ['-pkcs8-password', 'sesame'],
    ['–pkcs8-password', 'sesame'],
    ['--private-key', 'pkcs11:token=t?pin-value=sesame'],
    ['--private-key', '-----BEGIN PRIVATE KEY-----\nsesame\n'],
  );
  const noise = fc.constantFrom<string[]>(
    ['--debug'],
    ['--region'],
    ['--nope'],
    ['word'],
    ['\\'],
    ['\n--region'],
    ['--'],
    ['--role-arn', 'x'],
    ['-q'],
    ['--certificate', '/nonexistent'],
    ['--format=x'],
    ['--reuse-pin=maybe'],
    ['--pkcs8-password-file', 'x'],
  );
  const command = fc.constantFrom('credential-process', 'sign-string', 'read-certificate-data', 'completion', 'serve');
  await fc.assert(
    fc.asyncProperty(command, fc.array(noise), secret, fc.array(noise), async (name, before, given, after) => {
      const { status, stdout, stderr } = await run([name, ...before.flat(), ...given, ...after.flat()]);
      expect([stdout, status > 0]).toEqual(['', true]);
      expect(stderr).not.toContain('sesame');
    }),
    { numRuns: 1000 },
  );
});

describe('--debug', () => {
  test('shows which options count and where they came from, but no secret', async () => {
    const env = { ROLES_ANYWHERE_REGION: 'eu-west-1', ROLES_ANYWHERE_PKCS8_PASSWORD: 'sesame' };
    const argv = ['sign-string', '--debug', '--private-key', '/nonexistent/leaf.key', '--digest=SHA384'];
    const { stderr } = await run(argv, env);
    expect(stderr).toContain('debug: option digest = "SHA384", from --digest');
    expect(stderr).toContain('debug: option pkcs8-password = (not shown), from ROLES_ANYWHERE_PKCS8_PASSWORD');
    expect(stderr).toContain('debug: code KEY_UNREADABLE');
    expect(stderr).not.toContain('sesame');
  });

  test('also from the environment', async () => {
    const { stderr } = await run(['sign-string', '--nope'], { ROLES_ANYWHERE_DEBUG: '1' });
    expect(stderr).toContain('debug: code OPTION_UNKNOWN');
  });
});

test('every option that commands share is defined once, and is one of credential-process', () => {
  const flags = definitions.map(({ flag }) => flag);
  expect(new Set(flags).size).toBe(flags.length);
  const shared = definitions.filter(({ commands }) => commands.length > 0).map(({ flag }) => flag);
  expect(optionTable.map(({ flag }) => flag)).toEqual(shared);
});

test('every row has help that is a sentence, and a placeholder where it takes a value', async () => {
  for (const command of await loadCommands()) {
    expect(new Set(command.options.map((row) => row.flag)).size).toBe(command.options.length);
    for (const row of command.options) {
      const { help, placeholder } = helpTextOf(row);
      expect(help).toMatch(/^[A-Z].*\.$/);
      expect([row.flag, row.kind === 'boolean']).toEqual([row.flag, placeholder === undefined]);
    }
    expect(commandHelp(command)).toMatch(/\n$/);
  }
});
