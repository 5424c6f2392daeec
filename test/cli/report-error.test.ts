import { describe, expect, test } from 'vitest';
import { reportError } from '../../src/cli/report-error.ts';
import { type ErrorCode, RolesAnywhereError } from '../../src/core/errors.ts';
import { fakeTerminal } from './terminal/fake-terminal.ts';

function report(error: unknown, debug = false) {
  const terminal = fakeTerminal();
  const status = reportError(error, ['sign-string', ...(debug ? ['--debug'] : [])], terminal);
  expect(terminal.written()).toBe('');
  return { status, lines: terminal.lines };
}

test('message and hints, a line each', () => {
  const error = new RolesAnywhereError('KEY_MISMATCH', 'the key does not belong to the certificate', {
    hints: ['give the key of the certificate', 'or the certificate of the key'],
  });
  expect(report(error)).toEqual({
    status: 3,
    lines: [
      'roles-anywhere: the key does not belong to the certificate',
      'hint: give the key of the certificate',
      'hint: or the certificate of the key',
    ],
  });
});

test('a message of a million characters is cut', () => {
  const endless = 'x'.repeat(1_000_000);
  const { lines } = report(new RolesAnywhereError('CONFIG_PROFILE', endless, { hints: [endless] }));
  expect(lines.map((line) => line.length < 8100 && line.endsWith('… (1000000 characters)'))).toEqual([true, true]);
});

test('what this machine ran out of is no defect, wherever it was noticed', () => {
  const error = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' });
  expect(report(error)).toEqual({
    status: 6,
    lines: [
      'roles-anywhere: EMFILE: this process has as many files and sockets open as it may',
      'hint: raise the limit (ulimit -n, or LimitNOFILE= of systemd), or find out what keeps so many open',
    ],
  });
});

/** The design's table of exit statuses, by how a code begins. */
const statuses: readonly (readonly [string, number, readonly ErrorCode[]])[] = [
  ['defect', 1, ['INTERNAL']],
  [
    'usage and configuration',
    2,
    ['OPTION_UNKNOWN', 'ARN_INVALID', 'ARN_MISMATCH', 'ENDPOINT_INVALID', 'CONFIG_PROFILE'],
  ],
  [
    'certificate and key',
    3,
    ['CERTIFICATE_EXPIRED', 'CHAIN_TOO_LONG', 'KEY_INVALID', 'PASSWORD_WRONG', 'SIGNATURE_INVALID'],
  ],
  [
    'refused or unusable',
    4,
    ['REFUSED_UNTRUSTED', 'REFUSED_OTHER', 'RESPONSE_EMPTY', 'RESPONSE_EXPIRED', 'RESPONSE_OTHER_ROLE'],
  ],
  ['network', 5, ['NETWORK_TIMEOUT', 'NETWORK_TLS', 'SERVICE_THROTTLED', 'SERVICE_UNAVAILABLE']],
  ['this machine', 6, ['FILE_FAILED', 'PORT_UNAVAILABLE', 'OUTPUT_FAILED']],
];

describe('exit statuses', () => {
  test.each(statuses.flatMap(([what, status, codes]) => codes.map((code) => [what, code, status] as const)))(
    '%s: %s gives %i',
    (_what, code, status) => {
      expect(report(new RolesAnywhereError(code, 'x')).status).toBe(status);
    },
  );
});

describe('a defect', () => {
  test('says that it is one, and where to report it', () => {
    expect(report(new TypeError('sesame is not a function'))).toEqual({
      status: 1,
      lines: [
        'roles-anywhere: this is a defect of roles-anywhere (TypeError)',
        'hint: please report it, with what --debug shows',
      ],
    });
  });

  test.each([['text'], [undefined], [null], [{ message: 'x' }]])('even when it is no error: %j', (thrown) => {
    expect(report(thrown).status).toBe(1);
  });
});

describe('with --debug', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const error = new RolesAnywhereError('NETWORK_UNREACHABLE', 'cannot reach 127.0.0.1:1', {
    cause,
    requestId: 'req-1',
  });

  test('code, request id, causes and stack', () => {
    const { lines } = report(error, true);
    expect(lines.slice(0, 4)).toEqual([
      'roles-anywhere: cannot reach 127.0.0.1:1',
      'debug: code NETWORK_UNREACHABLE',
      'debug: request id req-1',
      'debug: caused by Error ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1',
    ]);
    expect(lines.slice(4).every((line) => /^\s+at /.test(line))).toBe(true);
    expect(lines.length).toBeGreaterThan(6);
  });

  test('causes that quote what they were given are named only', () => {
    const syntax = parseFailure('{"SecretAccessKey":"sesame"');
    const argument = Object.assign(new TypeError("The argument 'key' is invalid. Received 'sesame'"), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
    for (const cause of [syntax, argument, new Error('outer', { cause: syntax })]) {
      const { lines } = report(new RolesAnywhereError('RESPONSE_INVALID', 'no JSON', { cause }), true);
      expect(lines.join('\n')).not.toContain('sesame');
    }
  });

  test('a chain of causes that has no end does not hang', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    expect(report(new RolesAnywhereError('INTERNAL', 'x', { cause: loop }), true).lines.length).toBeLessThan(200);
  });
});

function parseFailure(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

test('control characters of a message do not reach the terminal', () => {
  const { lines } = report(
    new RolesAnywhereError('REFUSED_OTHER', 'bad \u001B[31m\u202Eline\nnext', { hints: ['a\rb'] }),
  );
  expect(lines).toEqual(['roles-anywhere: bad \\u001b[31m\\u202eline\\u000anext', 'hint: a\\u000db']);
});
