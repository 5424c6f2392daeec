import { execFileSync } from 'node:child_process';
import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { splitForShell, splitForWindows } from '../../../src/options/profile/split-command-line.ts';
import { needsPython } from '../../support/programs.ts';

test.each<[string, readonly string[] | undefined]>([
  ['a b', ['a', 'b']],
  ['  a\t b ', ['a', 'b']],
  ['"a b" \'c d\'', ['a b', 'c d']],
  ['a"b c"d', ['ab cd']],
  ['a\\ b', ['a b']],
  ['"C:\\tools\\x.exe" b', ['C:\\tools\\x.exe', 'b']],
  ['"a \\"b\\" \\\\"', ['a "b" \\']],
  ['"" b', ['', 'b']],
  ['$HOME ~ `x`', ['$HOME', '~', '`x`']],
  ['"a', undefined],
  ["'a", undefined],
  ['a\\', undefined],
  ['', []],
])('a shell takes %j for %j', (line, words) => {
  expect(splitForShell(line)).toEqual(words);
});

test.each<[string, readonly string[] | undefined]>([
  ['C:\\tools\\x.exe b', ['C:\\tools\\x.exe', 'b']],
  ['"C:\\my tools\\x.exe" b', ['C:\\my tools\\x.exe', 'b']],
  ['"C:\\my tools\\\\" b', ['C:\\my tools\\', 'b']],
  ['a \\"b\\"', ['a', '"b"']],
  ["'a b'", ["'a", "b'"]],
  ['"" b', ['', 'b']],
  ['"a', undefined],
])('Windows takes %j for %j', (line, words) => {
  expect(splitForWindows(line)).toEqual(words);
});

const program = `
import json, sys
from botocore.compat import compat_shell_split

def split(line, platform):
    try:
        return compat_shell_split(line, platform)
    except ValueError:
        return None

print(json.dumps([[split(line, 'linux'), split(line, 'win32')] for line in json.load(sys.stdin)]))
`;

describe('botocore splits the same way', needsPython('botocore'), () => {
  test('whatever the line', () => {
    const piece = fc.constantFrom(' ', '\t', '"', "'", '\\', '\\\\', '\\"', 'a', 'b', '$x', '#', '=', ';', 'é', '😀');
    const lines = fc.sample(
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      3000,
    );
    const input = JSON.stringify(lines);
    const theirs: unknown = JSON.parse(execFileSync('python3', ['-c', program], { input }).toString());
    expect(lines.map((line) => [splitForShell(line) ?? null, splitForWindows(line) ?? null])).toEqual(theirs);
  });
});
