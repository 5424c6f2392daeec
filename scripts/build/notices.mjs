import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../lib/set-up.mjs';

/** Licence texts of the packages whose code was bundled; their licences ask for that. */
export function notices(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const match = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match !== null) packages.add(match[0]);
  }
  const texts = [...packages]
    .sort((a, b) => a.localeCompare(b, 'en'))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(basename(name)));
      const text =
        file === undefined ? '(no licence file in the package)' : readFileSync(join(root, folder, file), 'utf8');
      return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`;
    });
  return `The files of this folder hold code of these packages.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}
