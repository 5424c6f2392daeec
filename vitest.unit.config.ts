import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * `npm run test:unit`: the tests that start no process, no server and no sandbox, make no keys of their own, try no
 * thousands of inputs and measure no time. What a test asks for says so, however many helpers are in between; no list needs to be kept.
 */
const slow =
  /'(?:node:child_process|node:https?|node:net|node:tls|node:worker_threads|fast-check|[^']*\/sandbox\/[^']*|[^']*\/dist\/[^']*|@noble\/[^']*)'|cpuUsage\(|performance\.now\(/;

const texts = new Map(
  readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [join('test', path), readFileSync(join('test', path), 'utf8')]),
);

/** A file of tests and every helper below test/ that it comes to. */
function closureOf(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, asked = ''] of (texts.get(path) ?? '').matchAll(/from '(\.[^']+)'/g)) {
    const next = join(dirname(path), asked);
    if (texts.has(next)) closureOf(next, seen);
  }
  return seen;
}

const isQuick = (path: string): boolean => ![...closureOf(path)].some((file) => slow.test(texts.get(file) ?? ''));

export default defineConfig({
  test: {
    include: [...texts.keys()].filter((path) => path.endsWith('.test.ts') && isQuick(path)),
    // They share nothing that one could spoil for the next, and each would load the same modules anew.
    pool: 'threads',
    isolate: false,
    maxWorkers: 2,
  },
});
