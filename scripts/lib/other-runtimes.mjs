/** Bun and Deno, from the npm registry: the library runs on them too. */
import { join } from 'node:path';
import { fetchPackages } from './fetch-packages.mjs';

/** The variables that name their executables to the tests. Linux on x64. */
export function fetchRuntimes() {
  const bun = fetchPackages('bun', { '@oven/bun-linux-x64': '1.4.5' });
  const deno = fetchPackages('deno', { '@deno/linux-x64-glibc': '2.9.6' });
  return {
    BUN: join(bun, 'node_modules', '@oven', 'bun-linux-x64', 'bin', 'bun'),
    DENO: join(deno, 'node_modules', '@deno', 'linux-x64-glibc', 'deno'),
  };
}
