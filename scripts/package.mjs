/**
 * `npm run package [-- FORM …]`: what is published, below dist-packages, out of dist and of the executables in dist-native;
 * every form when none is named.
 *
 *     npm      dist-packages/npm/*.tgz: the package, and one for each platform with its executable
 *     deb      dist-packages/deb/*.deb, for Debian and Ubuntu: amd64 and arm64
 *     rpm      dist-packages/rpm/*.rpm, for Fedora, RHEL, SUSE and Amazon Linux: x86_64 and aarch64
 *     oci      dist-packages/oci/*.oci.tar, an image for amd64 and arm64
 *     dist-packages/SHA256SUMS, of all that are there
 *
 * The same commit gives the same bytes, by the same tools.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/set-up.mjs';
import { packDeb } from './package/deb.mjs';
import { packNpm } from './package/npm.mjs';
import { packOci } from './package/oci.mjs';
import { packRpm } from './package/rpm.mjs';

const forms = { npm: packNpm, deb: packDeb, rpm: packRpm, oci: packOci };

const selected = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(forms);
const unknown = selected.filter((form) => !Object.hasOwn(forms, form));
if (unknown.length > 0) {
  console.error(`no such form: ${unknown.join(', ')}; there are ${Object.keys(forms).join(', ')}`);
  process.exit(2);
}
if (!existsSync(join(root, 'dist', 'command')) || !existsSync(join(root, 'dist-native', 'SHA256SUMS'))) {
  console.error('run `npm run build` and `npm run build:native` first');
  process.exit(1);
}
for (const form of selected) {
  const folder = join(root, 'dist-packages', form);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const begun = Date.now();
  forms[form](folder);
  console.log(`dist-packages/${form} (${((Date.now() - begun) / 1000).toFixed(0)} s)`);
}
writeSums(join(root, 'dist-packages'));

/** In the format of sha256sum(1). */
function writeSums(folder) {
  const paths = Object.keys(forms)
    .filter((form) => existsSync(join(folder, form)))
    .flatMap((form) => readdirSync(join(folder, form)).map((name) => `${form}/${name}`));
  const sums = paths.map((path) =>
    createHash('sha256')
      .update(readFileSync(join(folder, path)))
      .digest('hex'),
  );
  writeFileSync(join(folder, 'SHA256SUMS'), paths.map((path, index) => `${sums[index]}  ${path}\n`).join(''));
}
