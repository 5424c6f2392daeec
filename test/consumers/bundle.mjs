/**
 * Bundles a program as the bundler's users would, with its defaults where there are any:
 * `bundle.mjs WAY TOOLS ENTRY FOLDER`. Prints the path of what came of it.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [way, tools, entry, folder] = process.argv.slice(2);
const { resolve } = createRequire(join(tools, 'tools.cjs'));
const load = async (name) => {
  const { default: main, ...names } = await import(pathToFileURL(resolve(name)).href);
  return typeof main === 'function' ? Object.assign(main, names) : { ...main, ...names };
};

async function esbuild(settings) {
  const { build } = await load('esbuild');
  const outfile = join(folder, settings.format === 'esm' ? 'app.mjs' : 'app.cjs');
  const { warnings } = await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', ...settings });
  return { path: outfile, warnings };
}

async function webpack() {
  const run = await load('webpack');
  const output = { path: folder, filename: 'app.cjs' };
  const stats = await new Promise((settle, fail) => {
    // Minifying is no part of what is asked here, and most of the time.
    const settings = { mode: 'production', target: 'node', entry, output, optimization: { minimize: false } };
    run(settings, (error, result) => (error ? fail(error) : settle(result)));
  });
  const { errors, warnings } = stats.toJson();
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return { path: join(folder, 'app.cjs'), warnings };
}

async function rollup() {
  const { rollup: run } = await load('rollup');
  const nodeResolve = await load('@rollup/plugin-node-resolve');
  const [commonjs, json] = [await load('@rollup/plugin-commonjs'), await load('@rollup/plugin-json')];
  const plugins = [nodeResolve({ exportConditions: ['node'] }), commonjs(), json()];
  const warnings = [];
  const ownWarnings = (warning) => warning.ids?.some((id) => id.includes('roles-anywhere')) ?? true;
  const onwarn = (warning) => void (ownWarnings(warning) && warnings.push(warning));
  const bundle = await run({ input: entry, plugins, external: /^node:/, onwarn });
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'app.mjs', chunkFileNames: '[name]-[hash].mjs' });
  return { path: join(folder, 'app.mjs'), warnings };
}

async function vite(ssr) {
  const { build } = await load('vite');
  const warnings = [];
  const onwarn = (warning) => void warnings.push(warning);
  const rollupOptions = { onwarn, output: { entryFileNames: 'app.mjs', chunkFileNames: '[name]-[hash].mjs' } };
  const settings = { ssr: entry, outDir: folder, emptyOutDir: false, rollupOptions };
  await build({ root: join(entry, '..'), configFile: false, logLevel: 'silent', ssr, build: settings });
  return { path: join(folder, 'app.mjs'), warnings };
}

async function ncc() {
  const run = await load('@vercel/ncc');
  const { code, assets } = await run(entry, { cache: false, quiet: true });
  // It makes of a program what it was: ES modules of an .mjs.
  const path = join(folder, basename(entry));
  writeFileSync(path, code);
  for (const [name, { source }] of Object.entries(assets)) writeFileSync(join(folder, name), source);
  return { path, warnings: [] };
}

const ways = {
  'esbuild to CommonJS': () => esbuild({ format: 'cjs' }),
  'esbuild to CommonJS, minified': () => esbuild({ format: 'cjs', minify: true }),
  'esbuild to ES modules': () => esbuild({ format: 'esm', mainFields: ['module', 'main'] }),
  webpack,
  rollup,
  'vite, noExternal': () => vite({ noExternal: true }),
  'vite, externalised': () => vite({}),
  ncc,
};

const { path, warnings } = await ways[way]();
console.log(JSON.stringify({ path, warnings: warnings.map((warning) => warning.text ?? warning.message) }));
