/**
 * What several files of the command have in common, in a file that they share, where each would have a copy of its own.
 * Whatever a credential_process needs that goes well is in no group: it stands alone, with nothing that it does not use.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../lib/set-up.mjs';
import { workedOut } from './worked-out.mjs';

/**
 * By the name of the shared file: which files of dist/command look there, and for which sources. What is offline does
 * without node:tls, and who explains a refusal without what serves.
 */
export const groups = {
  'shared-trust': {
    members:
      /^(?:cli-commands-(?:certificates|doctor|sandbox)-run-|doctor-inspect-|aws-create-session-explain-refusal$)/,
    sources: /^src\/trust\//,
  },
  'shared-online': {
    members:
      /^(?:cli-commands-(?:doctor|serve|update)-run-|doctor-|outputs-exec-container-|identity-backends-\w+-describe-)/,
    sources: /^src\/(?!trust\/)/,
  },
  'shared-offline': {
    members: /^cli-commands-(?:certificates-run-|read-certificate-data$|sign-string$)/,
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
 * Our sources that most of a group's files would have: `path`, and those `names` of its exports that any of them imports.
 *
 * @param members of each file, the sources in it, and how many bytes of it came of which
 * @param isMeant which sources
 */
export function sharedSources(members, isMeant) {
  const uses = new Map();
  for (const { written } of members) {
    for (const [name, { bytesInOutput }] of Object.entries(written)) {
      if (bytesInOutput > 0) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  const sources = [...new Set(members.flatMap(({ inputs }) => inputs))].filter((name) => name.startsWith('src/'));
  const imports = sources.flatMap((name) => importsOf(join(root, name)));
  const isImported = (path, name) => imports.some(({ from, names }) => from === path && names.includes(name));
  // Two of a few are enough; of many, the others would load too much that they do not use.
  const enough = members.length > 3 ? 3 : 2;
  return sources
    .filter((name) => isMeant.test(name) && uses.get(name) >= enough)
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

/** Takes what is shared from the file that has it. A name that is not there is an error of the build. */
export const fromShared = (namespace, sources, file) => ({
  name: namespace,
  setup(bundler) {
    const namesOf = new Map(sources.map(({ path, names }) => [path, names]));
    bundler.onResolve({ filter: /^\..*\.ts$/ }, ({ path, kind, resolveDir }) => {
      const source = join(resolveDir, path);
      const isShared = kind === 'import-statement' && namesOf.has(source);
      return isShared ? { path: source, namespace, sideEffects: false } : undefined;
    });
    bundler.onLoad({ filter: /./, namespace }, ({ path }) => ({
      contents: `export { ${namesOf.get(path).join(', ')} } from '${file}';`,
    }));
    bundler.onResolve({ filter: /./, namespace }, () => ({ path: file, external: true, sideEffects: false }));
  },
});
