/**
 * Makes one executable. Bun runs this file, with its settings as JSON in the one argument; scripts/build-native.mjs starts it.
 *
 * Nothing is left to be looked up when it runs: what an executable imports by name it takes out of `node_modules` of the
 * folder that it is started in, and of NODE_PATH, whoever put it there.
 */
const { target, entry, executablePath, outfile } = JSON.parse(Bun.argv[2]);

/** What stands for a package that the executable is made without. */
const without = {
  // The SDK's search for credentials comes with what assumes roles, which is always given some: it is never loaded.
  '@aws-sdk/credential-provider-node': 'export const defaultProvider = undefined;',
};

const plugin = {
  name: 'without',
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path }) => ({ path, namespace: 'without' }));
    build.onLoad({ filter: /.*/, namespace: 'without' }, ({ path }) => ({ contents: without[path], loader: 'js' }));
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
