/**
 * Tests what is published: builds the executables and every package of them, and has npm, dpkg, rpm and the like take
 * them. `npm run test:packages [-- vitest arguments]`; with PACKAGES=as-they-are it builds nothing, with PACKAGES=all the executables
 * of all platforms, which takes some minutes more: without, npm is given stand-ins of those that are not built.
 */
import { join } from 'node:path';
import { fetchNode } from './lib/other-node.mjs';
import { buildAll, installPackages, root, run } from './lib/set-up.mjs';
import { installPackagesOf } from './lib/system-packages.mjs';
import { targets } from './native/targets.mjs';

/** Program -> Debian package. */
const programs = {
  'dpkg-deb': 'dpkg',
  mandoc: 'mandoc',
  'qemu-aarch64-static': 'qemu-user-static',
  rpmbuild: 'rpm',
  'systemd-sysusers': 'systemd',
  umoci: 'umoci',
};

installPackagesOf(programs);
installPackages();
const { PACKAGES } = process.env;
if (PACKAGES !== 'as-they-are') {
  buildAll();
  const wanted = PACKAGES === 'all' ? Object.keys(targets) : ['linux-x64', 'linux-arm64'];
  run(process.execPath, [join(root, 'scripts', 'build-native.mjs'), ...wanted]);
  run(process.execPath, [join(root, 'scripts', 'package.mjs')]);
}
const [installed] = process.versions.node.split('.');
const others = process.platform === 'linux' && process.arch === 'x64' ? ['22', '24', '26'] : [];
const nodes = {
  ...Object.fromEntries(others.map((major) => [major, fetchNode(major)])),
  [installed]: process.execPath,
};
const tools = { folder: join(root, 'dist-packages'), nodes };
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const env = { ...process.env, PACKAGING_TOOLS: JSON.stringify(tools) };
run(process.execPath, [vitest, 'run', 'test/packaging', ...process.argv.slice(2)], { env });
