/** Runs one TypeScript file of this repository: `node scripts/run-ts.mjs FILE [ARGUMENT …]`. Node 20 cannot by itself. */
import { mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE [ARGUMENT …]');
  process.exit(2);
}
const folder = join(root, '.cache', 'run-ts');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${relative(root, resolve(file)).replaceAll(/[^a-z0-9]+/gi, '-')}.mjs`);
await build({
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  define: { 'import.meta.url': JSON.stringify(pathToFileURL(resolve(file)).href) },
  logLevel: 'warning',
});
process.argv = [process.argv[0] ?? 'node', resolve(file), ...rest];
await import(pathToFileURL(outfile).href);
