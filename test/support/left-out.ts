import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { isOnPath } from './programs.ts';

const test = resolve(import.meta.dirname, '..');

/**
 * Test files that cannot run here, for vitest to leave out: those that make their certificates and keys by openssl, or
 * have it judge, where there is none. Each is named; in CI there must be an openssl.
 *
 * @returns paths relative to the root of the repository
 */
export function leftOut(): readonly string[] {
  if (process.env['CI'] !== undefined || isOnPath('openssl')) return [];
  const files = readdirSync(test, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(test, path))
    .filter((path) => needsOpenssl(path))
    .map((path) => relative(dirname(test), path));
  console.log(`skipped for want of openssl, ${files.length} files:\n${files.map((path) => `  ${path}`).join('\n')}`);
  return files;
}

/** Whether a file runs openssl, or imports a file below test/ that does. */
function needsOpenssl(path: string, seen = new Set<string>()): boolean {
  if (seen.has(path)) return false;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  if (/(?:execFile|execFileSync|spawn|spawnSync)\)?\('openssl'/.test(text)) return true;
  return [...text.matchAll(/from '(\.[^']+\.ts)'/g)]
    .map(([, specifier = '']) => resolve(dirname(path), specifier))
    .some((imported) => imported.startsWith(test) && existsSync(imported) && needsOpenssl(imported, seen));
}
