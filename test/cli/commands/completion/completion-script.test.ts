import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completionScript } from '../../../../src/cli/commands/completion/completion-script.ts';
import { commandNames, loadCommands } from '../../../../src/cli/load-commands.ts';
import { rowsOf } from '../../../options/parse/values.ts';
import { needs } from '../../../support/programs.ts';

let folder: string;
const scripts: Record<string, string> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-completion-'));
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const path = join(folder, shell);
    writeFileSync(path, completionScript(shell, await loadCommands()) ?? '');
    scripts[shell] = path;
  }
  writeFileSync(join(folder, 'leaf file.pem'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An environment with a stand-in for the command, which knows these profiles. */
function withProfiles(...names: readonly string[]): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const lines = names.map((name) => `'${name}'`).join(' ');
  const script = `#!/bin/sh\nif [ "$*" = 'completion profiles' ]; then printf '%s\\n' ${lines}; else echo "ARGS:$* END"; fi\n`;
  writeFileSync(join(bin, 'roles-anywhere'), script, { mode: 0o755 });
  return { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
}

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

  test('names of profiles', () => {
    const program =
      'source "$0"; COMP_WORDS=(roles-anywhere "$@"); COMP_CWORD=$#; _roles_anywhere; printf "%s\\n" "${COMPREPLY[@]}"';
    const offered = (...words: string[]): string =>
      execFileSync('bash', ['--norc', '-c', program, scripts['bash'] ?? '', ...words], {
        env: withProfiles('on prem', 'on-call', 'dev(eu)'),
      }).toString();
    expect(offered('export', '--from-profile', '')).toBe('on\\ prem\non-call\ndev\\(eu\\)\n');
    expect(offered('update', '--profile', 'on\\ ')).toBe('on\\ prem\n');
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
    const settings = { cwd: folder, timeout: 60_000, env: { ...process.env, SCRIPT: scripts['zsh'], TERM: 'dumb' } };
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

test('fish offers the names of profiles', needs('fish'), () => {
  const program = 'source $argv[1]; complete -C $argv[2]';
  const args = ['--no-config', '-c', program, scripts['fish'] ?? '', 'roles-anywhere export --from-profile on'];
  const output = execFileSync('fish', args, { env: withProfiles('on prem', 'on-call', 'backup') }).toString();
  const names = output
    .trim()
    .split('\n')
    .map((line) => line.split('\t')[0]);
  expect(new Set(names)).toEqual(new Set(['on prem', 'on-call']));
});

test('zsh completes the name of a profile', needs('zsh'), () => {
  const program = `
    zmodload zsh/zpty
    zpty line 'zsh -f -i'
    zpty -w line 'autoload -U compinit && compinit -u -D; source "$SCRIPT"; print RE""ADY'
    zpty -r line ready '*READY*'
    zpty -w line $'roles-anywhere export --from-profile on\\t'
    zpty -r line answer '*ARGS:*END*'
    print -r -- "$answer"
    zpty -d line`;
  const env = { ...withProfiles('on prem', 'backup'), SCRIPT: scripts['zsh'], TERM: 'dumb' };
  const { stdout } = spawnSync('zsh', ['-f', '-c', program], { cwd: folder, timeout: 60_000, env });
  expect(stdout.toString()).toContain('ARGS:export --from-profile on prem END');
});

test('the PowerShell script names every command and its flags, in quotes that PowerShell reads', async () => {
  const script = completionScript('powershell', await loadCommands()) ?? '';
  for (const name of commandNames) expect(script).toContain(`    '${name}' = [ordered]@{`);
  for (const flag of flagsOf('credential-process')) expect(script).toContain(`      '${flag}' = '`);
  // What is between quotes, those that are doubled left aside, has none.
  for (const [, text = ''] of script.matchAll(/^ {6}'--[\w-]+' = '(.*)'$/gm)) {
    expect(text.replaceAll("''", '')).not.toMatch(/['\u2018-\u201B]/);
  }
});

test('another shell has no script', async () => {
  expect(completionScript('csh', await loadCommands())).toBeUndefined();
});
