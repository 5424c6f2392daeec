import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandNames } from '../../src/cli/load-commands.ts';
import { needs } from '../support/programs.ts';
import { packagingTools, packed } from './tools.ts';

const isLeftOut = packagingTools === undefined || process.platform !== 'linux' || process.arch !== 'x64';

function fileOf(form: string, architecture: string): string {
  const name = readdirSync(packed(form)).find((one) => one.includes(architecture));
  if (name === undefined) throw new Error(`there is no ${form} for ${architecture} below ${packed(form)}`);
  return packed(form, name);
}

function output(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What stderr and stdout say together. */
function said(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return stdout + stderr;
}

describe.skipIf(isLeftOut)('the packages for Linux', () => {
  let folder: string;
  /** The root of a machine that has the Debian package installed. */
  let machine: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-linux-'));
    machine = join(folder, 'machine');
    for (const path of ['var/lib/dpkg/updates', 'var/lib/dpkg/info', 'etc']) {
      mkdirSync(join(machine, path), { recursive: true });
    }
    writeFileSync(join(machine, 'var/lib/dpkg/status'), '');
    const forces = ['script-chrootless', 'depends', 'not-root'].map((name) => `--force-${name}`);
    output('dpkg', [`--root=${machine}`, ...forces, '--no-triggers', '-i', fileOf('deb', 'amd64')]);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('dpkg installs the executable and a system user', () => {
    const native = join(packed(), '..', 'dist-native', 'linux-x64', 'roles-anywhere');
    const installed = join(machine, 'usr/bin/roles-anywhere');
    expect(readFileSync(installed).equals(readFileSync(native))).toBe(true);
    expect(output(installed, ['version', '--verbose'])).toContain('build: executable for linux-x64\n');
    expect(readFileSync(join(machine, 'etc/passwd'), 'utf8')).toMatch(/^roles-anywhere:.*:\/usr\/sbin\/nologin$/m);
  });

  test('it brings the licences of what is in the executable, and a list of that', () => {
    const documents = join(machine, 'usr/share/doc/roles-anywhere');
    expect(readFileSync(join(documents, 'copyright'), 'utf8')).toContain('Licensed under the Apache License');
    const notices = gunzipSync(readFileSync(join(documents, 'THIRD-PARTY-NOTICES.txt.gz'))).toString();
    for (const words of ['Jarred Sumner', 'JavaScriptCore', '@aws-sdk/']) expect(notices).toContain(words);
    expect(readFileSync(join(documents, 'bom.cdx.json'), 'utf8')).toContain('"pkg:npm/%40oven/bun-linux-x64@');
  });

  test('dpkg removes all of it', () => {
    const other = join(folder, 'removed');
    execFileSync('cp', ['-a', machine, other]);
    output('dpkg', [
      `--root=${other}`,
      '--force-script-chrootless',
      '--force-not-root',
      '--no-triggers',
      '-P',
      'roles-anywhere',
    ]);
    expect(readdirSync(other)).not.toContain('usr');
  });

  test('systemd reads the units, and finds them hardened', () => {
    const units = readdirSync(join(machine, 'usr/lib/systemd/system'));
    expect(units).toEqual(['roles-anywhere-update@.service', 'roles-anywhere.service', 'roles-anywhere.socket']);
    for (const unit of ['roles-anywhere-update@deploy.service', 'roles-anywhere.service', 'roles-anywhere.socket']) {
      const complaints = said('systemd-analyze', [
        'verify',
        '--man=no',
        `--root=${machine}`,
        `/usr/lib/systemd/system/${unit}`,
      ]);
      // The rest of the system is not in this folder.
      const lines = complaints.split('\n').filter((line) => !/^$|not found|\/bin\/kill is not executable/.test(line));
      expect(lines).toEqual([]);
      if (unit.endsWith('.socket')) continue;
      const exposure = said('systemd-analyze', ['security', '--offline=true', `--root=${machine}`, unit]);
      expect(Number(/exposure level for .*: ([\d.]+)/.exec(exposure)?.[1])).toBeLessThan(2);
    }
  });

  test('every command has a man page without a mistake', needs('mandoc'), () => {
    const pages = readdirSync(join(machine, 'usr/share/man/man1'));
    const wanted = ['roles-anywhere', ...commandNames.map((name) => `roles-anywhere-${name}`)];
    expect(pages.sort()).toEqual(wanted.map((name) => `${name}.1.gz`).sort());
    for (const page of pages) {
      const path = join(machine, 'usr/share/man/man1', page);
      expect(said('mandoc', ['-T', 'lint', '-W', 'warning', path])).toBe('');
    }
    const serve = output('mandoc', ['-T', 'html', join(machine, 'usr/share/man/man1/roles-anywhere-serve.1.gz')]);
    expect(serve).toContain('ROLES_ANYWHERE_TOKEN_FILE');
  });

  test('the completions are those of the command', () => {
    const command = join(machine, 'usr/bin/roles-anywhere');
    const paths = {
      bash: 'bash-completion/completions/roles-anywhere',
      fish: 'fish/vendor_completions.d/roles-anywhere.fish',
    };
    for (const [shell, path] of Object.entries(paths)) {
      expect(readFileSync(join(machine, 'usr/share', path), 'utf8')).toBe(output(command, ['completion', shell]));
    }
  });

  test('rpm installs the same files', needs('rpm'), () => {
    const file = fileOf('rpm', 'x86_64');
    expect(output('rpm', ['-K', '--nosignature', file])).toContain('digests OK');
    const root = join(folder, 'rpm');
    mkdirSync(root);
    output('rpm', ['--root', root, '--dbpath', '/var/lib/rpm', '-i', '--nodeps', '--noscripts', file]);
    const below = (place: string): readonly string[] =>
      readdirSync(place, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.startsWith('usr') && !/lintian|changelog\.gz$/.test(path))
        .map((path) => path.replace('vendor-completions', 'site-functions'))
        .sort();
    expect(below(root)).toEqual(below(machine));
    expect(output(join(root, 'usr/bin/roles-anywhere'), ['version'])).toMatch(/^\d/);
    expect(output('rpm', ['-qp', '--scripts', file])).toContain('systemd-sysusers');
  });
});
