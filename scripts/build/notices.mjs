import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../lib/set-up.mjs';

/** The packages whose code was bundled, by their name: `folder` below the root, and what package.json says. */
export function bundledPackages(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const match = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match !== null) packages.add(match[0]);
  }
  return [...packages]
    .sort((a, b) => a.localeCompare(b, 'en'))
    .map((folder) => Object.assign(JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')), { folder }));
}

/** Licence texts of the packages whose code was bundled; their licences ask for that. */
export function notices(inputs) {
  const texts = bundledPackages(inputs).map(({ folder, name, version, license }) => {
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(basename(each)));
    const text =
      file === undefined ? '(no licence file in the package)' : readFileSync(join(root, folder, file), 'utf8');
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return `The files of this folder hold code of these packages.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}
