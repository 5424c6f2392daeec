import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { consumerTools, outcomeOf } from './tools.ts';

const program = `
import { type Credentials, fromRolesAnywhere, RolesAnywhereError, type RolesAnywhereProvider } from 'roles-anywhere';
import { startSandbox } from 'roles-anywhere/sandbox';

export const provider: RolesAnywhereProvider = fromRolesAnywhere({ profile: 'on-prem' });
export async function credentials(): Promise<Credentials> {
  const sandbox = await startSandbox({ keyType: 'P-256' });
  try {
    return await provider();
  } catch (error) {
    if (error instanceof RolesAnywhereError) console.error(error.code satisfies string);
    throw error;
  } finally {
    await sandbox.close();
  }
}
// @ts-expect-error -- it is a path, PEM or bytes: types that did not resolve would take anything
fromRolesAnywhere({ certificate: 7 });
`;

/** What decides how a package is found, and the `type` of the package that asks. */
const settings = {
  commonjs: { type: 'commonjs', module: 'commonjs' },
  'node16 in CommonJS': { type: 'commonjs', module: 'node16' },
  'node16 in ES modules': { type: 'module', module: 'node16' },
  'nodenext in CommonJS': { type: 'commonjs', module: 'nodenext' },
  'nodenext in ES modules': { type: 'module', module: 'nodenext' },
  'esnext for a bundler': { type: 'module', module: 'esnext', moduleResolution: 'bundler' },
};

describe.skipIf(consumerTools === undefined)('TypeScript', () => {
  const { project, compilers } = consumerTools ?? { project: '', compilers: {} };
  const cases = Object.entries(compilers).flatMap(([version, folder]) =>
    Object.entries(settings).map(([name, setting]) => ({ version, folder, name, setting })),
  );

  test.each(cases)(
    '$version takes the types by module $name',
    { timeout: 240_000 },
    async ({ version, folder, name, setting }) => {
      const app = join(project, `typescript-${version}-${name.replaceAll(' ', '-')}`);
      const { type, ...finding } = setting;
      mkdirSync(app, { recursive: true });
      writeFileSync(join(app, 'package.json'), JSON.stringify({ type }));
      writeFileSync(join(app, 'app.ts'), program);
      const compilerOptions = {
        ...{ target: 'es2022', strict: true, noEmit: true, types: ['node'] },
        // Our declarations themselves are checked once; those of the AWS SDK come along, and take a while.
        skipLibCheck: name !== 'commonjs',
        ...finding,
      };
      writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }));
      const compiler = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
      expect(await outcomeOf([process.execPath, compiler, '-p', app], app)).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      });
    },
  );
});
