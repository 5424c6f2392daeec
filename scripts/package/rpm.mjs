/** Packages for Fedora, RHEL, SUSE and Amazon Linux, by rpmbuild of packaging/roles-anywhere.spec. */
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from '../lib/set-up.mjs';
import { environment, manifest } from './edition.mjs';
import { linuxPackages, stageLinuxTree } from './linux-tree.mjs';

/** A package for each processor whose executable is there. */
export function packRpm(folder) {
  for (const [architecture, target] of Object.entries(linuxPackages.rpm)) {
    if (existsSync(join(root, 'dist-native', target))) packFor(folder, architecture, target);
  }
}

function packFor(folder, architecture, target) {
  const work = join(folder, 'work');
  mkdirSync(work);
  stageLinuxTree(join(work, 'tree'), { form: 'rpm', target });
  const macros = {
    edition: manifest.version,
    tree: join(work, 'tree'),
    scripts: join(root, 'packaging'),
    _topdir: join(work, 'build'),
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const spec = join(root, 'packaging', 'roles-anywhere.spec');
  const args = ['-bb', '--quiet', '--target', `${architecture}-linux`, ...defines, spec];
  run('rpmbuild', args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const name = `roles-anywhere-${manifest.version}-1.${architecture}.rpm`;
  copyFileSync(join(work, 'build', 'RPMS', architecture, name), join(folder, name));
  rmSync(work, { recursive: true });
}
