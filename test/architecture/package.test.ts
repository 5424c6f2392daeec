import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/command.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** What a program run by Node prints as JSON. It stands in the package, so that the package's own name is found. */
function printed(program: string, type: 'module' | 'commonjs'): unknown {
  const args = [`--input-type=${type}`, '--eval', program];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

test('the package holds what is used, and nothing of how it was built', () => {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' });
  const [packed] = JSON.parse(out) as [{ files: { path: string }[]; unpackedSize: number }];
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      ...['LICENSE', 'README.md', 'CHANGELOG.md', 'bin/roles-anywhere.cjs', 'dist/THIRD-PARTY-NOTICES.txt'],
      ...['dist/command/roles-anywhere.cjs', 'dist/lib/index.js', 'dist/lib/index.d.ts', 'dist/lib/sandbox/index.d.ts'],
      ...['dist/cjs/index.cjs', 'dist/cjs/index.d.cts', 'dist/cjs/sandbox/index.cjs', 'dist/cjs/sandbox/index.d.cts'],
      ...[
        'dist/lib/trust/index.js',
        'dist/lib/trust/index.d.ts',
        'dist/cjs/trust/index.cjs',
        'dist/cjs/trust/index.d.cts',
      ],
    ]),
  );
  expect(paths.filter((path) => /inputs\.json|\.map$|^(?:src|test|scripts|bench)\/|(?<!\.d)\.ts$/.test(path))).toEqual(
    [],
  );
  // Much more, and something is in it twice: `npm run bench:package`.
  expect(packed.unpackedSize).toBeLessThan(6_000_000);
});

test.each(['index', 'sandbox/index', 'testing/index', 'trust/index'])(
  'dist/lib/%s has the types of CommonJS: what is an error to one form is so to the other',
  (entry) => {
    const types = join(root, 'dist', 'lib', `${entry}.d.ts`);
    const [, named = ''] = /^export \* from '(\..*)\.cjs';\n$/.exec(readFileSync(types, 'utf8')) ?? [];
    expect(resolve(dirname(types), named)).toBe(join(root, 'dist', 'cjs', entry));
  },
);

test('what the library loads is in it, or in what npm installs beside it', () => {
  const specifier =
    /(?:^(?:import|export) .*from |^import |^(?! *\*).*\b(?:import|require)\()["'](?!\.|node:)([^"'\n]+)/gm;
  const folders = ['lib', 'cjs'].map((name) => join(root, 'dist', name));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[cm]?[jt]s$/.test(name) && !name.startsWith('vendor'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
  const named = files.flatMap((text) => [...text.matchAll(specifier)].map(([, name]) => name));
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
  expect([...new Set(named)].filter((name = '') => !installed.some((one) => `${name}/`.startsWith(`${one}/`)))).toEqual(
    [],
  );
  expect(named).toContain('@aws-sdk/credential-providers');
});

test.each(['lib', 'cjs'])(
  'dist/%s names what is optional where no bundler follows, and holds no helpers of tsc',
  (name) => {
    const folder = join(root, 'dist', name);
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.c?js$/.test(path));
    const files = paths
      .filter((path) => !path.startsWith('vendor'))
      .map((path) => readFileSync(join(folder, path), 'utf8'));
    const optional = files.flatMap((text) => text.match(/import\((?!['")]).*\)/g) ?? []);
    expect(optional).toContain('import(/* webpackIgnore: true */ /* @vite-ignore */ name)');
    expect(optional.filter((text) => !text.includes('webpackIgnore'))).toEqual([]);
    expect(files.filter((text) => /^var __|__importStar|__rewriteRelative/m.test(text))).toEqual([]);
  },
);

test.each(['roles-anywhere', 'roles-anywhere/sandbox', 'roles-anywhere/testing', 'roles-anywhere/trust'])(
  '%s has the same names by import and by require()',
  (name) => {
    const imported = printed(`console.log(JSON.stringify(Object.keys(await import('${name}')).sort()))`, 'module');
    const required = printed(`console.log(JSON.stringify(Object.keys(require('${name}')).sort()))`, 'commonjs');
    expect(required).toEqual(imported);
    expect(required).not.toEqual([]);
  },
);

test('require() gives CommonJS, and loads no package', () => {
  const program = `require('roles-anywhere'); console.log(JSON.stringify(Object.keys(require.cache)));`;
  const files = (printed(program, 'commonjs') as string[]).map((path) =>
    path.slice(root.length + 1).replaceAll('\\', '/'),
  );
  expect(files[0]).toBe('dist/cjs/index.cjs');
  expect(files.filter((path) => !path.startsWith('dist/cjs/') || path.includes('vendor/'))).toEqual([]);
  expect(files.length).toBeLessThan(15);
});

test('an error of either form is an instance of the class of the other', () => {
  const program = `
    const imported = await import('roles-anywhere');
    const { createRequire } = await import('node:module');
    const required = createRequire(process.cwd() + '/x.cjs')('roles-anywhere');
    const errors = [imported, required].map(({ RolesAnywhereError }) => new RolesAnywhereError('INTERNAL', 'x'));
    const classes = [imported, required].map(({ RolesAnywhereError }) => RolesAnywhereError);
    console.log(JSON.stringify({
      differ: classes[0] !== classes[1],
      instances: errors.flatMap((error) => classes.map((one) => error instanceof one)),
      foreign: classes.map((one) => new Error('x') instanceof one),
    }));`;
  expect(printed(program, 'module')).toEqual({
    differ: true,
    instances: [true, true, true, true],
    foreign: [false, false],
  });
});

test('nothing that npm installs with it runs a script, and so nothing is compiled', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean; readonly hasInstallScript?: boolean }>>;
  };
  const installed = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  expect(installed.flatMap(([path, { hasInstallScript }]) => (hasInstallScript === true ? [path] : []))).toEqual([]);
  const koffi = installed
    .filter(([path]) => path.includes('/@koromix/koffi-'))
    .map(([path]) => path.split('koffi-')[1]);
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64']) {
    expect(koffi).toContain(platform);
  }
});
