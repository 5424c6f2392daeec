/**
 * What several files of the command have in common, in a file that they share, where each would have a copy of its own.
 * Whatever a credential_process needs that goes well is in no group: it stands alone, with nothing that it does not use.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../lib/set-up.mjs';
import { workedOut } from './worked-out.mjs';

/**
 * By the name of the shared file: in which files of dist/command the sources are that it holds. It has what all `members`
 * need, so that none loads what it does not use: each kilobyte takes its time to be read. `guests` look there as well, as
 * they ask a network or a device in any case; `doctor --offline` does not, and is measured (bench:doctor).
 */
export const groups = {
  'shared-trust': {
    members: /^(?:cli-commands-(?:doctor|sandbox)-run-|doctor-inspect-|aws-create-session-explain-refusal$)/,
    guests: /^$/,
    sources: /^src\/trust\//,
  },
  'shared-renewal': {
    members: /^(?:cli-commands-(?:serve|update)-run-|outputs-exec-container-)/,
    guests: /^(?:doctor-|identity-backends-(?:pkcs11|tpm)-describe-)/,
    sources: /^src\/(?!trust\/)/,
  },
};

/**
 * The names of what a module exports.
 *
 * @returns [] where some of it has no name of its own there: `export … from`, a pattern
 */
export function exportedNames(source) {
  const names = [...source.matchAll(/^export (?:async function|function|const|class) (\w+)/gm)].map(([, name]) => name);
  const exports = source.match(/^export (?!(?:type|interface)\b)/gm) ?? [];
  return names.length === exports.length ? names : [];
}

/** What a source imports of others of ours: their paths, and the names. */
function importsOf(path) {
  const imports = /^(?:import|export) (?!type\b)\{([^}]*)\} from '(\.[^']+)'/gm;
  return [...readFileSync(path, 'utf8').matchAll(imports)].map(([, names, from]) => ({
    from: join(dirname(path), from),
    names: names.split(',').map((name) => name.trim().replace(/ as .*/, '')),
  }));
}

/**
 * Our sources that all members would have: `path`, and those `names` of its exports that any member or guest imports.
 *
 * @param members of each file, the sources in it, and how many bytes of it came of which
 * @param isMeant which sources
 */
export function sharedSources(members, guests, isMeant) {
  const uses = new Map();
  for (const { written } of members) {
    for (const [name, { bytesInOutput }] of Object.entries(written)) {
      if (bytesInOutput > 0) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  const sources = [...new Set([...members, ...guests].flatMap(({ inputs }) => inputs))].filter((name) =>
    name.startsWith('src/'),
  );
  const imports = sources.flatMap((name) => importsOf(join(root, name)));
  const isImported = (path, name) => imports.some(({ from, names }) => from === path && names.includes(name));
  return sources
    .filter((name) => isMeant.test(name) && uses.get(name) === members.length)
    .map((name) => join(root, name))
    .filter((path) => path !== workedOut)
    .map((path) => ({
      path,
      names: exportedNames(readFileSync(path, 'utf8')).filter((name) => isImported(path, name)),
    }))
    .filter(({ names }) => names.length > 0);
}

/** In esbuild's account of what went in: what stands for a source that is in a shared file. */
export const elsewhere = /^shared-\w+:/;

/**
 * Takes what is shared from the file that has it, by one module for all of it: as many times as it is imported, a bundle
 * would call `require()`. A name that is not there is an error of the build.
 */
export const fromShared = (namespace, sources, file) => ({
  name: namespace,
  setup(bundler) {
    const paths = new Set(sources.map(({ path }) => path));
    const names = sources.flatMap((source) => source.names).join(', ');
    bundler.onResolve({ filter: /^\..*\.ts$/ }, ({ path, kind, resolveDir }) => {
      const isShared = kind === 'import-statement' && paths.has(join(resolveDir, path));
      return isShared ? { path: file, namespace, sideEffects: false } : undefined;
    });
    bundler.onLoad({ filter: /./, namespace }, () => ({ contents: `export { ${names} } from '${file}';` }));
    bundler.onResolve({ filter: /./, namespace }, () => ({ path: file, external: true, sideEffects: false }));
  },
});
