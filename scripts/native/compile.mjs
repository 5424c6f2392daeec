/**
 * Makes one executable. Bun runs this file, with its settings as JSON in the one argument; scripts/build-native.mjs starts it.
 *
 * Nothing is left to be looked up when it runs: what an executable imports by name it takes out of `node_modules` of the
 * folder that it is started in, and of NODE_PATH, whoever put it there.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const { target, entry, table, tableText, version, executablePath, outfile } = JSON.parse(Bun.argv[2]);
const source = join(dirname(entry), '..');

/** What stands for a package that the executable is made without. */
const without = {
  // The SDK's search for credentials comes with what assumes roles, which is always given some: it is never loaded.
  '@aws-sdk/credential-provider-node': 'export const defaultProvider = undefined;',
};

/** Sources that are others here. */
const replaced = {
  [table]: tableText,
  // Calls of C functions by what is built in, in place of a package with a native part.
  [join(source, 'ffi/find-ffi.ts')]: readFileSync(join(source, 'ffi/find-ffi-bun.ts'), 'utf8'),
};

const plugin = {
  name: 'for the executable',
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => ({ path, namespace: 'without' }));
    build.onLoad({ filter: /.*/, namespace: 'without' }, ({ path }) => ({ contents: without[path], loader: 'js' }));
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) =>
      path in replaced ? { contents: replaced[path], loader: 'ts' } : undefined,
    );
  },
};

const { success, logs } = await Bun.build({
  entrypoints: [entry],
  target: 'bun',
  format: 'esm',
  splitting: true,
  bytecode: true,
  minify: true,
  sourcemap: 'none',
  define: {
    __VERSION__: JSON.stringify(version),
    __TARGET__: JSON.stringify(target),
    'process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED': '"true"',
  },
  plugins: [plugin],
  compile: {
    target: `bun-${target}`,
    outfile,
    executablePath,
    // Without these, files in the folder that it is started in are read, and bunfig.toml names code to run.
    autoloadBunfig: false,
    autoloadDotenv: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
    // Nearly all code of a call runs once.
    jitPolicy: 1_000_000,
  },
  throw: false,
});
for (const log of logs) console.error(String(log));
if (!success) process.exit(1);
