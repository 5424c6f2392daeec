/**
 * Tests the packed package where programs that use it go: bundlers, TypeScript that emits CommonJS, Jest, versions
 * of Node that are too old, and an installation by each npm. `node scripts/consumers.mjs [vitest arguments]`; the tools come from the npm registry.
 */
import { join } from 'node:path';
import { fetchPackages } from './lib/fetch-packages.mjs';
import { installPackage } from './lib/installed-package.mjs';
import { fetchNode } from './lib/other-node.mjs';
import { buildAll, installPackages, root, run } from './lib/set-up.mjs';

const bundlers = {
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-json': '6.1.0',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@vercel/ncc': '0.45.0',
  esbuild: '0.28.2',
  rollup: '4.68.8',
  vite: '8.4.0',
  webpack: '5.113.0',
};
const compilers = ['5.4.5', '5.9.3', '6.0.3', '7.0.2'];
const oldNodes = ['16.20.2', '18.20.8'];
const npms = ['10.9.9', '11.21.2', '12.2.2'];
/** What npm 12 needs; npm 10 and 11 run on it as well. */
const nodeOfNpms = '24';

installPackages();
buildAll();
const project = join(root, '.cache', 'consumer');
installPackage(project, '--omit=optional', '@types/node@20.19.43');
const perVersion = (versions, fetch) => Object.fromEntries(versions.map((version) => [version, fetch(version)]));
const isLinux64 = process.platform === 'linux' && process.arch === 'x64';
const tools = {
  project,
  bundlers: fetchPackages('bundlers', bundlers),
  compilers: perVersion(compilers, (version) => fetchPackages(`typescript-${version}`, { typescript: version })),
  jest: fetchPackages('jest', { jest: '30.5.2' }),
  oldNodes: isLinux64 ? perVersion(oldNodes, fetchNode) : {},
  npms: isLinux64 ? perVersion(npms, (version) => fetchPackages(`npm-${version}`, { npm: version })) : {},
  nodeOfNpms: isLinux64 ? fetchNode(nodeOfNpms) : '',
};
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const env = { ...process.env, CONSUMER_TOOLS: JSON.stringify(tools) };
run(process.execPath, [vitest, 'run', 'test/consumers', ...process.argv.slice(2)], { env });
