import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { root } from './command.ts';

/**
 * Makes a linter that knows the rules of one plugin alone, each test in a folder of its own.
 *
 * @param plugin its name in scripts/lint
 * @returns what the linter says of one file with a text
 */
export function linterWith(
  plugin: string,
  rules: Readonly<Record<string, unknown>>,
): (path: string, text: string) => Promise<string> {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-lint-'));
    const jsPlugins = [join(root, 'scripts', 'lint', plugin)];
    const config = { jsPlugins, categories: { correctness: 'off' }, rules };
    writeFileSync(join(folder, '.oxlintrc.json'), JSON.stringify(config));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return (path, text) => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return outputOfOxlint(folder);
  };
}

function outputOfOxlint(folder: string): Promise<string> {
  const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');
  return new Promise((settle) => {
    execFile(process.execPath, [oxlint, '--format', 'unix'], { cwd: folder }, (_error, stdout, stderr) =>
      settle(stdout + stderr),
    );
  });
}
