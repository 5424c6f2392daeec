import { expect, test } from 'vitest';
import { type LogSettings, logLines } from '../../../../src/cli/commands/serve/serve-log-lines.ts';

function setUp(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const now = () => new Date('2026-01-15T12:00:00.123Z');
  return {
    lines,
    log: logLines({ format: 'text', level: 'info', now, write: (line) => lines.push(line), ...settings }),
  };
}

test('text: time, level, message, and what goes with it', () => {
  const { lines, log } = setUp();
  log('warn', 'renewal failed: no', {
    role: 'Worker',
    'took-ms': 12,
    'request-id': undefined,
    note: 'two words',
    empty: '',
  });
  log('info', 'listening on http://127.0.0.1:9911');
  expect(lines).toEqual([
    '2026-01-15T12:00:00.123Z warn  renewal failed: no role=Worker took-ms=12 note="two words" empty=""',
    '2026-01-15T12:00:00.123Z info  listening on http://127.0.0.1:9911',
  ]);
});

test('json: an object a line', () => {
  const { lines, log } = setUp({ format: 'json' });
  log('error', 'a "quoted" message', { role: 'Worker', 'took-ms': 12, left: undefined });
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    { time: '2026-01-15T12:00:00.123Z', level: 'error', message: 'a "quoted" message', role: 'Worker', 'took-ms': 12 },
  ]);
});

test.each(['text', 'json'] as const)('%s: nothing breaks a line or drives a terminal', (format) => {
  const { lines, log } = setUp({ format });
  log('info', 'one\ntwo\u001B[2J\u2028three', { 'a-b': 'x\r\ny' });
  expect(lines).toHaveLength(1);
  for (const character of ['\r', '\n', '\u001B', '\u2028']) expect(lines[0]).not.toContain(character);
  expect(lines[0]).toContain('one');
});

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
] as const)('from %s on', (level, expected) => {
  const { lines, log } = setUp({ level, format: 'json' });
  for (const each of ['debug', 'info', 'warn', 'error'] as const) log(each, 'x');
  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
});
