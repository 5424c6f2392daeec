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

/** Whose it is, which tells texts of one licence apart, as white space does. */
const copyright = /^[ \t]*Copyright (?:\(c\)|©|\[|\d).*\n?/gim;

/** Licence texts of the packages whose code was bundled, each once, below whose they are; their licences ask for that. */
export function notices(inputs) {
  const parts = new Map();
  for (const { folder, name, version, license } of bundledPackages(inputs)) {
    const whole = licenceText(join(root, folder));
    const owners = (whole.match(copyright) ?? []).filter((line) => !line.includes('[yyyy]'));
    const text = whole
      .replaceAll(copyright, '')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim();
    const key = text.replaceAll(/\s+/g, ' ');
    const part = parts.get(key) ?? { packages: '', text };
    parts.set(key, part);
    part.packages += [`${name} ${version} (${license})`, ...owners.map((line) => `  ${line.trim()}`), ''].join('\n');
  }
  const texts = [...parts.values()].map(({ packages, text }) => `${packages}\n${text}\n`);
  return `The files of this folder hold code of these packages.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`;
}

function licenceText(folder) {
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(basename(each)));
  return file === undefined ? '(no licence file in the package)' : readFileSync(join(folder, file), 'utf8').trim();
}
