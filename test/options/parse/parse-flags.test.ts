import { parseArgs } from 'node:util';
import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { OptionRow } from '../../../src/options/schema/option.ts';
import { parseFlags } from '../../../src/options/parse/parse-flags.ts';
import { optionTable as rows } from '../../../src/options/schema/table.ts';

const listRow: OptionRow = { flag: 'tag', kind: 'list' };

const given = (...args: string[]) => Object.fromEntries(parseFlags(args, [...rows, listRow], false).given);
const faults = (...args: string[]) => parseFlags(args, rows, false).faults;

describe('forms that are taken', () => {
  test.each<[string[], Record<string, string[]>]>([
    [[], {}],
    [['--region', 'eu-west-1'], { region: ['eu-west-1'] }],
    [['--region=eu-west-1'], { region: ['eu-west-1'] }],
    [['--region=a=b'], { region: ['a=b'] }],
    [['--region='], { region: [''] }],
    [['--region', ''], { region: [''] }],
    [['--debug'], { debug: ['true'] }],
    [['--debug=false'], { debug: ['false'] }],
    [['--debug', '--with-proxy=1'], { debug: ['true'], 'with-proxy': ['1'] }],
    [['-h'], { help: ['true'] }],
    [['--region', 'one', '--region', 'two'], { region: ['two'] }],
    [['--debug', '--debug=false'], { debug: ['false'] }],
    [['--tag', 'one', '--tag=two'], { tag: ['one', 'two'] }],
    [['--certificate', '-'], { certificate: ['-'] }],
    [['--session-duration', '-5'], { 'session-duration': ['-5'] }],
    [['--pkcs8-password', '-dash'], { 'pkcs8-password': ['-dash'] }],
    [['--pkcs8-password', '--dash'], { 'pkcs8-password': ['--dash'] }],
    [['--pkcs8-password=--debug'], { 'pkcs8-password': ['--debug'] }],
    [['--pkcs8-password', 'back\\'], { 'pkcs8-password': ['back\\'] }],
    [['--certificate', 'C:\\keys\\leaf.pem'], { certificate: ['C:\\keys\\leaf.pem'] }],
    [['--certificate=-----BEGIN'], { certificate: ['-----BEGIN'] }],
  ])('%j', (args, expected) => {
    expect(given(...args)).toEqual(expected);
    expect(parseFlags(args, [...rows, listRow], false).faults).toEqual([]);
  });
});

describe('faults', () => {
  test.each<[string[], object[]]>([
    [['--nope'], [{ kind: 'unknown', argument: '--nope' }]],
    [
      ['-region', 'x'],
      [{ kind: 'unknown' }, { kind: 'word', argument: 'x', after: 'unknown' }],
    ],
    [['word'], [{ kind: 'word', argument: 'word', after: undefined }]],
    [['--', '--region', 'x'], [{ kind: 'word', argument: '--' }]],
    [['--'], []],
    [['--debug', 'false'], [{ kind: 'word', argument: 'false', after: { flag: 'debug' } }]],
    [['--region'], [{ kind: 'value-missing', row: { flag: 'region' }, next: undefined }]],
    [['--region', '--debug'], [{ kind: 'value-missing', row: { flag: 'region' }, next: '--debug' }]],
    [
      ['--region', '-x'],
      [{ kind: 'value-missing' }, { kind: 'unknown', argument: '-x' }],
    ],
    [['--pkcs8-password', '--debug'], [{ kind: 'value-missing', row: { flag: 'pkcs8-password' }, next: '--debug' }]],
    [['--region', '\\'], [{ kind: 'line-break', after: { flag: 'region' } }]],
    [['--region', 'eu-west-1', '\\'], [{ kind: 'line-break', after: { flag: 'region' } }]],
    [['--region', 'eu-west-1\\'], [{ kind: 'line-break', after: { flag: 'region' } }]],
    [['--region', 'eu-west-1', '\n'], [{ kind: 'line-break' }]],
    [['--region', 'eu-west-1', '\\\n', '--debug'], [{ kind: 'line-break' }]],
    [['--region', 'eu-west-1\n', '--debug'], [{ kind: 'line-break' }]],
    [['--region', 'eu-west-1', '\n--debug'], [{ kind: 'line-break' }]],
    [['\\'], [{ kind: 'line-break', after: undefined }]],
    [['--pkcs8-password', '\\'], [{ kind: 'line-break', after: { flag: 'pkcs8-password' } }]],
  ])('%j', (args, expected) => {
    expect(faults(...args)).toMatchObject(expected);
    expect(faults(...args)).toHaveLength(expected.length);
  });

  test('a fault does not hide what is right', () => {
    const parsed = parseFlags(['--nope', '--region', 'eu-west-1', '--certificate'], rows, false);
    expect(parsed.faults).toHaveLength(2);
    expect(parsed.given.get('region')).toEqual(['eu-west-1']);
  });
});

test('words are handed on to a command that takes some', () => {
  const completion = rows.filter(({ flag }) => flag === 'help');
  expect(parseFlags(['bash', '--', '--help'], completion, true)).toMatchObject({
    words: ['bash', '--help'],
    faults: [],
  });
});

test('agrees with parseArgs of node:util wherever a line has no fault', () => {
  const options = Object.fromEntries(
    rows.map(({ flag, kind }) => {
      const type = kind === 'boolean' ? ('boolean' as const) : ('string' as const);
      return [flag, { type, multiple: kind === 'list' }];
    }),
  );
  const value = fc.string({ minLength: 1 }).filter((text) => !text.startsWith('-') && !/[\\\r\n]/.test(text));
  const part = fc.tuple(fc.constantFrom(...rows), value, fc.boolean()).map(([row, text, apart]): string[] => {
    if (row.kind === 'boolean') return [`--${row.flag}`];
    return apart ? [`--${row.flag}`, text] : [`--${row.flag}=${text}`];
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const args = parts.flat();
      const parsed = parseFlags(args, rows, false);
      expect(parsed.faults).toEqual([]);
      const { values } = parseArgs({ args, options, strict: true });
      expect(Object.fromEntries(parsed.given)).toEqual(
        Object.fromEntries(Object.entries(values).map(([flag, found]) => [flag, [found].flat().map(String)])),
      );
    }),
  );
});

test('no command line makes it throw', () => {
  const argument = fc.oneof(fc.string(), fc.constantFrom(...rows.map((row) => `--${row.flag}`), '--', '-', '\\', '\n'));
  fc.assert(
    fc.property(fc.array(argument), (args) => {
      const { given, words, faults } = parseFlags(args, rows, false);
      expect(words).toEqual([]);
      expect(given.size + faults.length).toBeLessThanOrEqual(2 * args.length);
    }),
  );
});
