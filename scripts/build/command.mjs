/**
 * The command, in dist/command, and as what the executables are made of.
 *
 * It is one file that holds the hot path, and beside it one file for everything that the source loads by
 * `await import()`: code that a call does not use is not even read (docs/architecture.md, "Three builds"). What
 * many of these would each hold a copy of, and no credential_process is waited for, is in a file that they share.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { root } from '../lib/set-up.mjs';
import { elsewhere, exportedNames, fromShared, groups, sharedSources } from './shared.mjs';
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
function lazyFiles(found, { table, format, ending, withinEntry, vendored }) {
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
        if (vendored?.has(path)) return { path: vendored.get(path), external: true };
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
function entryOf(path, { format }) {
  const isOurs = !path.includes(`${sep}node_modules${sep}`);
  const names = format === 'cjs' && isOurs ? exportedNames(readFileSync(path, 'utf8')) : [];
  return names.length === 0 ? { entryPoints: [path] } : wrapped([{ path, names }]);
}

/** Several files as one, which has all their names. */
function wrapped(files) {
  const imports = files.map(({ path, names }) => `import { ${names.join(', ')} } from ${JSON.stringify(path)};`);
  const list = files.flatMap(({ names }) => names).join(', ');
  return {
    stdin: { contents: `${imports.join(' ')} module.exports = { ${list} };`, resolveDir: root, sourcefile: wrapper },
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  };
}

/** In esbuild's account of what went in. */
const wrapper = 'wrapper.js';

/** Of the file that every call reads. */
const firstName = 'roles-anywhere';

/**
 * Bundles one entry point and returns the lazily loaded files it names, and esbuild's account of what went in: the
 * files, and of each how many bytes came out.
 */
async function bundle(entry, name, form) {
  const { folder, settings, format, ending, plugins } = form;
  const found = new Set();
  const { metafile } = await build({
    absWorkingDir: root,
    ...entry,
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
  const [{ inputs: written }] = Object.values(metafile.outputs);
  const inputs = Object.keys(metafile.inputs).filter((path) => path !== wrapper && !elsewhere.test(path));
  return { found: needed, inputs, written };
}

/** Returns, by the names of the files that are built, the sources in them. */
async function buildIn(settings) {
  rmSync(settings.folder, { recursive: true, force: true });
  mkdirSync(settings.folder, { recursive: true });
  const form = { ...settings, table: await constants('esm') };
  const pending = [[join(root, 'src', 'cli', 'entry.ts'), firstName]];
  const built = new Map();
  for (const [path, name] of pending) {
    if (built.has(path)) continue;
    const file = { path, name, ...(await bundle(entryOf(path, form), name, form)) };
    built.set(path, file);
    for (const found of file.found) pending.push([found, lazyName(found)]);
  }
  const alone = [...built.values()];
  const files = form.isShared ? [...alone, ...(await share(alone, form))] : alone;
  return Object.fromEntries(files.map(({ name, inputs }) => [name + form.ending, inputs]));
}

/** Builds the shared files, and again those that look there, without what they find. */
async function share(built, form) {
  const files = [];
  const plugins = new Map();
  for (const [name, group] of Object.entries(groups)) {
    const members = built.filter((file) => group.members.test(file.name));
    const guests = built.filter((file) => group.guests.test(file.name));
    const sources = sharedSources(members, guests, group.sources);
    files.push({ name, ...(await bundle(wrapped(sources), name, form)) });
    const plugin = fromShared(name, sources, `./${name}${form.ending}`);
    for (const member of [...members, ...guests]) plugins.set(member, [...(plugins.get(member) ?? []), plugin]);
  }
  for (const [{ path, name }, all] of plugins) {
    files.push({ name, ...(await bundle(entryOf(path, form), name, { ...form, plugins: () => all })) });
  }
  return files;
}

/**
 * Builds dist/command and returns the files of other packages and of ours that went in.
 *
 * @param vendored the packages that are in dist/cjs already, and in which file each is
 */
export async function buildCommand(vendored) {
  const there = [...vendored].map(([name, path]) => [name, relative(published.folder, path).replaceAll('\\', '/')]);
  const inputs = await buildIn({ ...published, isShared: true, vendored: new Map(there) });
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
