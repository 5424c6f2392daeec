import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ConsumerTools, consumerTools, outcomeOf, type Outcome } from './tools.ts';

const patient = { timeout: 550_000 };

describe.skipIf(consumerTools === undefined)('installed by npm', () => {
  const {
    project,
    npms,
    nodeOfNpms: node,
  }: Pick<ConsumerTools, 'project' | 'npms' | 'nodeOfNpms'> = consumerTools ?? {
    project: '',
    npms: {},
    nodeOfNpms: '',
  };
  const tarball = (folder: string): string => {
    const name = readdirSync(folder).find((each) => each.endsWith('.tgz')) ?? 'none';
    return join(folder, name);
  };
  const scripted = join(project, 'scripted');

  const npm = (folder: string, version: string, ...args: readonly string[]): Promise<Outcome> => {
    const program = join(npms[version] ?? '', 'node_modules', 'npm', 'bin', 'npm-cli.js');
    const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline'];
    // Packages that have been fetched before are those of everybody, as is the registry.
    const { HOME } = process.env;
    const env = { PATH: `${dirname(node)}:${process.env['PATH']}`, HOME };
    return outcomeOf([node, program, ...args, ...quiet], folder, env);
  };

  const makeFolder = (name: string, manifest: object): string => {
    const folder = join(project, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    return folder;
  };

  /** What npm says of scripts, and whether the lock says that there are any. */
  const lookAtScripts = (folder: string, { stdout, stderr }: Outcome) => ({
    said: /approve|install.scripts/i.test(stdout + stderr),
    locked: readFileSync(join(folder, 'package-lock.json'), 'utf8').includes('"hasInstallScript"'),
  });

  beforeAll(async () => {
    const scripts = { postinstall: `node -e "require('fs').writeFileSync('ran', '')"` };
    makeFolder('scripted', { name: 'scripted', version: '1.0.0', scripts });
    const [version = ''] = Object.keys(npms);
    if (version !== '') await npm(scripted, version, 'pack');
  });

  test.concurrent.each(Object.keys(npms))(
    '%s: runs no script, and asks for leave to run none',
    patient,
    async (version) => {
      const folder = makeFolder(`npm-${version}`, { private: true });
      const outcome = await npm(folder, version, 'install', tarball(project));
      expect([outcome.status, outcome.stdout]).toEqual([0, expect.stringMatching(/^added \d+ packages/m)]);
      expect(lookAtScripts(folder, outcome)).toEqual({ said: false, locked: false });
      expect(existsSync(join(folder, 'node_modules', '@koromix', 'koffi-linux-x64'))).toBe(true);
      const command = join(folder, 'node_modules', '.bin', 'roles-anywhere');
      expect(await outcomeOf([node, command, 'version'], folder)).toMatchObject({ status: 0, stderr: '' });
      // The same look finds a script where there is one: npm 10 and 11 run it, 11 says so, 12 wants it approved.
      const other = await npm(folder, version, 'install', tarball(scripted));
      const major = Number(version.split('.')[0]);
      expect(lookAtScripts(folder, other)).toEqual({ said: major > 10, locked: true });
      expect(existsSync(join(folder, 'node_modules', 'scripted', 'ran'))).toBe(major < 12);
    },
  );
});
