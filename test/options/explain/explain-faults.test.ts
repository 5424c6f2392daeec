import { describe, expect, test } from 'vitest';
import { throwFaults } from '../../../src/options/explain/explain-faults.ts';
import { parseFlags } from '../../../src/options/parse/parse-flags.ts';
import { thrownBy } from '../../support/thrown.ts';
import { rowsOf } from '../parse/values.ts';

const commands = (['credential-process', 'sign-string', 'read-certificate-data'] as const).map((name) => ({
  name,
  options: rowsOf(name),
}));

function explained(...args: string[]) {
  const [command] = commands;
  if (command === undefined) throw new Error('no command');
  return thrownBy(() => throwFaults(parseFlags(args, command.options, false).faults, command, commands));
}

describe('each fault has its code, its message and what to do', () => {
  test.each<[string[], string, string, string[]]>([
    [['--rol-arn', 'x'], 'OPTION_UNKNOWN', 'unknown option --rol-arn', ['did you mean --role-arn?']],
    [['--cert', 'x'], 'OPTION_UNKNOWN', 'unknown option --cert', ['did you mean --certificate?']],
    [
      ['--nonsense'],
      'OPTION_UNKNOWN',
      'unknown option --nonsense',
      ['roles-anywhere credential-process --help lists the options'],
    ],
    [
      ['--certificate', 'leaf.pem', '--bogus-flag', 'x'],
      'OPTION_UNKNOWN',
      'unknown option --bogus-flag',
      ['roles-anywhere credential-process --help lists the options'],
    ],
    [
      ['--pkcs8-password', 'open', '--bogus=x'],
      'OPTION_UNKNOWN',
      'unknown option --bogus',
      ['roles-anywhere credential-process --help lists the options'],
    ],
    [['--verison'], 'OPTION_UNKNOWN', 'unknown option --verison', ['roles-anywhere --version shows the version']],
    [
      ['--profile', 'on-prem'],
      'OPTION_MISPLACED',
      'credential-process has no option --profile',
      ['write --from-profile to have the options from a profile of ~/.aws/config', '--profile belongs to update'],
    ],
    [['-role-arn', 'x'], 'OPTION_UNKNOWN', '-role-arn has one dash', ['write --role-arn']],
    [['-q'], 'OPTION_UNKNOWN', 'unknown option -q…', ['roles-anywhere credential-process --help lists the options']],
    [
      ['–role-arn', 'x'],
      'OPTION_UNKNOWN',
      '–role-arn begins with a typographic dash',
      ['write plain dashes: --role-arn'],
    ],
    [
      ['--certificate', '—private-key', 'x'],
      'OPTION_INVALID',
      '--certificate needs a value, but —private-key follows',
      ['write --certificate SOURCE, or --certificate=VALUE where the value begins with a dash'],
    ],
    [
      ['--certificate', '“leaf.pem”'],
      'OPTION_INVALID',
      'the value of --certificate begins with a typographic quote',
      ['write plain quotes, " or \''],
    ],
    [
      ['--digest', 'SHA256'],
      'OPTION_MISPLACED',
      'credential-process has no option --digest',
      ['--digest belongs to sign-string'],
    ],
    [['--debug', 'false'], 'OPTION_MISPLACED', '--debug takes its value with an equals sign', ['write --debug=false']],
    [
      ['--certificate', 'my', 'leaf.pem'],
      'OPTION_MISPLACED',
      'an argument (not shown) follows the value of --certificate',
      ['put the value of --certificate in quotes where it has blanks'],
    ],
    [
      ['--certificate', '--private-key', 'x'],
      'OPTION_INVALID',
      '--certificate needs a value, but --private-key follows',
      ['write --certificate SOURCE, or --certificate=VALUE where the value begins with a dash'],
    ],
    [
      ['--certificate'],
      'OPTION_INVALID',
      '--certificate needs a value, but nothing follows',
      ['write --certificate SOURCE, or --certificate=VALUE where the value begins with a dash'],
    ],
  ])('%j', (args, code, message, hints) => {
    const error = explained(...args);
    expect(error).toMatchObject({ code, message });
    expect(error.hints.slice(0, hints.length)).toEqual(hints);
  });
});

test('all faults of one line are told at once', () => {
  const error = explained('--nope', '--rol-arn', 'x', '--certificate');
  expect(error.message).toBe('unknown option --nope');
  expect(error.hints).toContain('also: unknown option --rol-arn');
  expect(error.hints).toContain('also: --certificate needs a value, but nothing follows');
});

describe('a line break left over', () => {
  test('comes before all that follows from it', () => {
    const error = explained('--certificate', 'leaf.pem', '\\', 'stray', '--nope');
    expect(error).toMatchObject({
      code: 'OPTION_LINE_BREAK',
      message: 'a backslash or line break is left over after --certificate',
    });
    expect(error.hints).toEqual([
      'credential_process in ~/.aws/config cannot be continued with a backslash: write the whole command on one line',
      'or put the options into the profile as roles_anywhere_ keys and give --from-profile NAME alone',
    ]);
  });

  test('right after the command', () => {
    expect(explained('\\').message).toBe('a backslash or line break is left over');
  });
});

describe('what may be a secret is not shown', () => {
  test.each([
    [['--pkcs8-password', 'open', 'sesame']],
    [['--pkcs8-password', 'open', '-sesame']],
    [['--pkcs8-password', 'open', '--Sesame']],
    [['--pkcs8-password', 'open', '--my_sesame']],
    [['--pkcs8-password', 'open', '—sesame']],
    [['--pkcs8-password', '—sesame']],
    [['--pkcs8-password', '-sesame']],
    [['--pkcs8-pasword', '—sesame']],
    [['--pkcs8-pasword', 'sesame']],
    [['--pkcs8-pasword=sesame']],
    [['--secret=sesame']],
    [['-psesame']],
    [['–pkcs8-password=sesame']],
    [['–pkcs8-password', 'sesame']],
    [['--pkcs8-password', 'sesame', '\\']],
    [['--pkcs8-password-fd', '3', 'sesame']],
    [['--role-arn', '-p=sesame']],
  ])('%j', (args) => {
    const error = explained(...args);
    expect([error.message, ...error.hints].join('\n')).not.toContain('sesame');
  });
});
