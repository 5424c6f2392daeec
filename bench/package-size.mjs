/**
 * What `npm install roles-anywhere` brings, without development: `npm run bench:package [-- --json]`. Packages, and MB
 * on the disk. Meant are 25 MB and 45 packages at the most, to which the optional package of koffi for this platform does not count:
 * `npm install --omit=optional` leaves it out.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedPackages, installPackage } from '../scripts/lib/installed-package.mjs';

const [mostMegabytes, mostPackages] = [25, 45];
const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-package-'));
try {
  installPackage(folder);
  const packages = installedPackages(folder);
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
  const isRequired = ({ name }) => !(name in manifest.optionalDependencies);
  const sum = (some) => some.reduce((total, { bytes }) => total + bytes, 0) / 1e6;
  const required = packages.filter(isRequired);
  const megabytes = sum(packages);
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ megabytes, packages }, undefined, 2));
  } else {
    for (const { name, bytes } of packages) console.log(`${(bytes / 1e6).toFixed(2).padStart(6)} MB  ${name}`);
    console.log(`${megabytes.toFixed(1)} MB, ${packages.length} packages`);
    console.log(`${sum(required).toFixed(1)} MB, ${required.length} packages without the optional one`);
  }
  if (sum(required) > mostMegabytes || required.length > mostPackages) {
    console.error(`more than the ${mostMegabytes} MB or ${mostPackages} packages that are meant`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
