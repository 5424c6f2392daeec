import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript } from '../../src/cli/completion-script.ts';
import { commandNames, loadCommands } from '../../src/cli/load-commands.ts';
import { rowsOf } from '../options/values.ts';
import { needs } from '../support/programs.ts';

let folder: string;
const scripts: Record<string, string> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const path = join(folder, shell);
    writeFileSync(path, completionScript(shell, await loadCommands()) ?? '');
    scripts[shell] = path;
  }
  writeFileSync(join(folder, 'leaf file.pem'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const flagsOf = (command: Parameters<typeof rowsOf>[0]) => rowsOf(command).map((row) => `--${row.flag}`);

/** What bash offers after the words of a line, the last of which is the one being typed. */
function inBash(...words: string[]): readonly string[] {
  const program = `
    source "$0"
    COMP_WORDS=(roles-anywhere "$@")
    COMP_CWORD=$#
    _roles_anywhere
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync('bash', ['--norc', '-c', program, scripts['bash'] ?? '', ...words], { cwd: folder });
  return output
    .toString()
    .trim()
    .split('\n')
    .filter((line) => line !== '');
}

describe('bash', needs('bash'), () => {
  test('commands', () => {
    expect(inBash('')).toEqual([...commandNames, 'help']);
    expect(inBash('sign')).toEqual(['sign-string']);
    expect(inBash('help', 'sign')).toEqual(['sign-string']);
  });

  test.each(['credential-process', 'sign-string', 'read-certificate-data'] as const)('flags of %s', (command) => {
    expect(inBash(command, '')).toEqual(flagsOf(command));
    expect(inBash(command, '--debug', '--pkcs8')).toEqual([
      '--pkcs8-password',
      '--pkcs8-password-file',
      '--pkcs8-password-fd',
    ]);
  });

  test('choices, after a blank or an equals sign', () => {
    expect(inBash('sign-string', '--format', '')).toEqual(['json', 'text', 'bin']);
    expect(inBash('sign-string', '--digest', 'SHA3')).toEqual(['SHA384']);
    expect(inBash('sign-string', '--format', '=')).toEqual(['json', 'text', 'bin']);
    expect(inBash('sign-string', '--format', '=', 't')).toEqual(['text']);
    expect(inBash('completion', '')).toEqual(['bash', 'zsh', 'fish', 'powershell', 'profiles', '--help']);
  });

  test('nothing of its own where bash completes file names, and where there is nothing to complete', () => {
    expect(inBash('sign-string', '--private-key', '')).toEqual([]);
    expect(inBash('credential-process', '--role-arn', '')).toEqual([]);
  });

  test('file names, in a real line', () => {
    const program = `
      source "$0"
      bind 'set bell-style none' 2>/dev/null
      complete -p roles-anywhere`;
    const output = execFileSync('bash', ['--norc', '-c', program, scripts['bash'] ?? '']).toString();
    expect(output.trim()).toBe('complete -o default -F _roles_anywhere roles-anywhere');
  });
});

describe('zsh', needs('zsh'), () => {
  test('completes command, flags, choice and file name in a real line', () => {
    const setUp =
      'autoload -U compinit && compinit -u -D; source "$SCRIPT"; roles-anywhere() { print -r -- "ARGS:$* END" }';
    const program = `
      zmodload zsh/zpty
      zpty line 'zsh -f -i'
      zpty -w line '${setUp}; print RE""ADY'
      zpty -r line ready '*READY*'
      zpty -w line $'roles-anywhere sign-s\\t--form\\tjs\\t--priv\\tleaf\\t'
      zpty -r line answer '*ARGS:*END*'
      print -r -- "$answer"
      zpty -d line`;
    const settings = { cwd: folder, timeout: 30_000, env: { ...process.env, SCRIPT: scripts['zsh'], TERM: 'dumb' } };
    const { stdout } = spawnSync('zsh', ['-f', '-c', program], settings);
    expect(stdout.toString()).toContain('ARGS:sign-string --format=json --private-key=leaf file.pem END');
  });
});

/** What fish offers for a line. */
function inFish(line: string): string[] {
  const program = 'source $argv[1]; complete -C $argv[2]';
  const output = execFileSync('fish', ['--no-config', '-c', program, scripts['fish'] ?? '', line]).toString();
  return output
    .trim()
    .split('\n')
    .map((found) => found.split('\t')[0] ?? '');
}

describe('fish', needs('fish'), () => {
  test('offers commands, flags and choices', () => {
    expect(inFish('roles-anywhere sign')).toEqual(['sign-string']);
    expect(inFish('roles-anywhere sign-string --').sort()).toEqual([...flagsOf('sign-string')].sort());
    expect(inFish('roles-anywhere sign-string --format ').sort()).toEqual(['bin', 'json', 'text']);
  });
});

test('another shell has no script', async () => {
  expect(completionScript('csh', await loadCommands())).toBeUndefined();
});
