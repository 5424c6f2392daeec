/**
 * The command, in dist/command, and as what the executables are made of.
 *
 * It is one file that holds the hot path, and beside it one file for everything that the source loads by
 * `await import()`: code that a call does not use is not even read (docs/architecture.md, "Three builds").
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { root } from '../lib/set-up.mjs';
import { constants, workedOut } from './worked-out.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** File name in dist/command of a lazily loaded source file: its path with dashes, `serve/serve` once. */
function lazyName(path) {
  const below = path.includes(`${sep}node_modules${sep}`)
    ? `package-${path.slice(path.lastIndexOf(`${sep}node_modules${sep}`) + '/node_modules/'.length)}`
    : relative(join(root, 'src'), path);
  return below
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/([a-z0-9-]+)[\\/]\1(?=$|-)/, '$1')
    .replaceAll('@', '')
    .replaceAll(/[^a-z0-9-]+/gi, '-');
}

/**
 * Some `import()` as an import: esbuild would keep all that those files bring from being made, in functions of their own, until
 * they are asked for, and a call asks for nearly all of them.
 */
function importAtOnce(source, path, files) {
  const imports = [];
  const text = source.replaceAll(/\bawait import\('(\.[^']+)'\)/g, (all, name) => {
    if (!files.has(join(dirname(path), name))) return all;
    imports.push(`import * as atOnce${imports.length} from '${name}';`);
    return `atOnce${imports.length - 1}`;
  });
  return imports.join('') + text;
}

/**
 * Makes every `import()` one of a file of its own, in CommonJS a require, and tells which files those are.
 *
 * Requires of our own files are made before esbuild sees them, as it would wrap each in a promise and a copy of the
 * module: `await` does without, and the hot file is smaller for it.
 */
function lazyFiles(found, { table, format, ending, withinEntry }) {
  return {
    name: 'lazy-files',
    setup(bundler) {
      bundler.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        if (path.includes(`${sep}node_modules${sep}`)) return undefined;
        if (path === workedOut) return { contents: table, loader: 'js' };
        const source = readFileSync(path, 'utf8');
        if (format === 'esm') return withinEntry && { contents: importAtOnce(source, path, withinEntry), loader: 'ts' };
        return { contents: source.replaceAll(/\bawait import\((?='\.)/g, 'await require('), loader: 'ts' };
      });
      bundler.onResolve({ filter: /.*/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        const isOurs = kind === 'require-call' && importer.endsWith('.ts');
        if (!isOurs && kind !== 'dynamic-import') return undefined;
        if (pluginData === 'resolving' || path.startsWith('node:')) return undefined;
        const target = await bundler.resolve(path, { kind, importer, resolveDir, pluginData: 'resolving' });
        if (target.errors.length > 0 || target.external) return target;
        found.add(target.path);
        return { path: `./${lazyName(target.path)}${ending}`, external: true };
      });
    },
  };
}

/**
 * What the executables have in the place of a file: one of its name in the folder `bun` beside its folder `node`, or
 * `name-bun.ts` beside `name.ts`; in the file that every call reads also `name-at-start.ts`, which does without what all
 * others load anyway. What such a file itself imports of the other kind, it gets.
 */
const bunAdapters = ({ isFirst }) => ({
  name: 'bun-adapters',
  setup(bundler) {
    // A file of which nothing is used but what needs no built-in module loads none.
    bundler.onResolve({ filter: /^(?:node|bun):/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
    bundler.onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir, importer }) => {
      if (/[\\/]bun[\\/][^\\/]+$|-(?:bun|at-start)\.ts$/.test(importer)) return undefined;
      const endings = isFirst ? ['-bun.ts', '-at-start.ts'] : ['-bun.ts'];
      const beside = endings.map((ending) => path.replace(/\.ts$/, ending));
      const others = [path.replace(/\/node\/(?=[^/]+$)/, '/bun/'), ...beside];
      const own = others.filter((other) => other !== path).find((other) => existsSync(join(resolveDir, other)));
      return own === undefined ? undefined : { path: join(resolveDir, own) };
    });
  },
});

const commonJs = { format: 'cjs', ending: '.cjs', plugins: () => [] };

/** What is published: small, and without source maps. */
const published = { ...commonJs, folder: join(root, 'dist', 'command'), settings: { minify: true } };

/** For a debugger: every name as it is in the source, every line with the one it came from. */
const debuggable = {
  ...commonJs,
  folder: join(root, '.cache', 'dev', 'command'),
  settings: { sourcemap: 'inline', sourcesContent: false },
};

/** For Bun, which adds the packages. What nearly every call needs is in one file, as each costs some tenths of a millisecond. */
const forBun = {
  format: 'esm',
  ending: '.mjs',
  plugins: (bundle) => [bunAdapters(bundle)],
  withinEntry: new Set(['pipeline/pipeline.ts', 'aws/http/trusted-roots.ts'].map((path) => join(root, 'src', path))),
  folder: join(root, '.cache', 'bun', 'command'),
  settings: { packages: 'external', external: [] },
};

/**
 * A file that gives functions, constants and classes is wrapped in one line of CommonJS: what esbuild makes of its
 * exports by itself is half a kilobyte of helpers, in each file that a call reads.
 */
function entryOf(path) {
  const source = readFileSync(path, 'utf8');
  const names = [...source.matchAll(/^export (?:async function|function|const|class) (\w+)/gm)].map(([, name]) => name);
  const others = /^export (?!(?:async function|function|const|class|type|interface) )/m;
  if (names.length === 0 || path.includes(`${sep}node_modules${sep}`) || others.test(source)) {
    return { entryPoints: [path] };
  }
  const list = names.join(', ');
  const contents = `import { ${list} } from ${JSON.stringify(path)}; module.exports = { ${list} };`;
  return {
    stdin: { contents, resolveDir: root, sourcefile: wrapper },
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  };
}

/** In esbuild's account of what went in. */
const wrapper = 'wrapper.js';

/** Of the file that every call reads. */
const firstName = 'roles-anywhere';

/** Bundles one entry point and returns the lazily loaded files it names, and esbuild's account of what went in. */
async function bundle(entry, name, form) {
  const { folder, settings, format, ending, plugins } = form;
  const found = new Set();
  const { metafile } = await build({
    absWorkingDir: root,
    ...(format === 'cjs' ? entryOf(entry) : { entryPoints: [entry] }),
    outfile: join(folder, name + ending),
    bundle: true,
    platform: 'node',
    format,
    target: 'node20.19',
    mainFields: ['module', 'main'],
    supported: { 'dynamic-import': format !== 'cjs' },
    define: {
      __VERSION__: JSON.stringify(version),
      // The SDK that is bundled stays the one it is: what a later one will need is no news for who runs the command.
      'process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED': '"true"',
    },
    // As ES modules are.
    banner: format === 'cjs' ? { js: '"use strict";' } : {},
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // The SDK's search for credentials comes with what assumes roles, which is always given some: it is never loaded.
    external: ['@aws-sdk/credential-provider-node'],
    ...settings,
    plugins: [...plugins({ isFirst: name === firstName }), lazyFiles(found, form)],
  });
  // Not what only code names that the bundler left out.
  const named = new Set(Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path)));
  const needed = [...found].filter((path) => named.has(`./${lazyName(path)}${ending}`));
  return { found: needed, inputs: Object.keys(metafile.inputs).filter((path) => path !== wrapper) };
}

async function buildIn(form) {
  rmSync(form.folder, { recursive: true, force: true });
  mkdirSync(form.folder, { recursive: true });
  /** Built file -> the sources in it. */
  const inputs = {};
  const table = await constants('esm');
  const pending = [[join(root, 'src', 'cli', 'entry.ts'), firstName]];
  const done = new Set();
  for (const [entry, name] of pending) {
    if (done.has(entry)) continue;
    done.add(entry);
    const result = await bundle(entry, name, { ...form, table });
    inputs[name + form.ending] = result.inputs;
    for (const path of result.found) pending.push([path, lazyName(path)]);
  }
  return inputs;
}

/** Builds dist/command and returns the files of other packages and of ours that went in. */
export async function buildCommand() {
  const inputs = await buildIn(published);
  // For the tests; it is not published.
  writeFileSync(join(published.folder, 'inputs.json'), `${JSON.stringify(inputs, undefined, 1)}\n`);
  return Object.values(inputs).flat();
}

/** Builds the command for a debugger, and returns the file to run. */
export async function buildForDebugger() {
  await buildIn(debuggable);
  return join(debuggable.folder, 'roles-anywhere.cjs');
}

/** Builds what Bun makes the executables of: the file to begin with, and all files that will be in them. */
export async function buildForBun() {
  await buildIn(forBun);
  const inputs = await buildIn({ ...published, folder: join(root, '.cache', 'bun', 'inputs') });
  return { entry: join(forBun.folder, 'roles-anywhere.mjs'), inputs: Object.values(inputs).flat() };
}
