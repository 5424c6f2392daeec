/**
 * `npm run build:native [-- TARGET …]`: the command as executables that need no Node, below dist-native; those of all
 * targets when none is named.
 *
 *     dist-native/TARGET/roles-anywhere        windows-x64/roles-anywhere.exe
 *     dist-native/SHA256SUMS                   of all that are there: `sha256sum -c SHA256SUMS`
 *     dist-native/THIRD-PARTY-NOTICES.txt      licences of what is in them, with the offer that the LGPL asks for
 *     dist-native/bom.cdx.json                 a list of it, in CycloneDX
 *
 * The same source gives the same bytes, wherever it is built. Bun comes from the npm registry once, into .cache.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './lib/set-up.mjs';
import { fetchBun } from './native/fetch-bun.mjs';
import { billOfMaterials, noticesOf } from './native/licences.mjs';
import { signAdHoc } from './native/mach-o-signature.mjs';
import { executableName, targetOfThisMachine, targets } from './native/targets.mjs';

if (!existsSync(join(root, 'node_modules'))) {
  console.error('run `npm ci` first');
  process.exit(1);
}
const { buildForBun } = await import('./build/command.mjs');

const folder = join(root, 'dist-native');
const selected = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(targets);
const unknown = selected.filter((target) => !Object.hasOwn(targets, target));
if (unknown.length > 0) {
  console.error(`no such target: ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}`);
  process.exit(2);
}

const here = targetOfThisMachine();
if (!Object.hasOwn(targets, here)) {
  console.error(`executables are built on ${Object.keys(targets).join(', ')}; this is ${here}`);
  process.exit(2);
}
const bun = fetchBun(here);
const { entry, inputs } = await buildForBun();
for (const target of selected) build(target);
writeSums();
writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), noticesOf(inputs));
writeFileSync(join(folder, 'bom.cdx.json'), billOfMaterials(inputs));

function build(target) {
  const name = executableName(target);
  // Beside its place, under its own name, which goes into its bytes: whoever runs the one that is there is not disturbed.
  const unfinished = join(folder, `unfinished-${target}`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const settings = {
    target,
    entry,
    executablePath: fetchBun(target),
    outfile: join(unfinished, name),
  };
  run(bun, [join(root, 'scripts', 'native', 'compile.mjs'), JSON.stringify(settings)]);
  if (target === 'darwin-x64') sign(join(unfinished, name));
  chmodSync(join(unfinished, name), 0o755);
  mkdirSync(join(folder, target), { recursive: true });
  renameSync(join(unfinished, name), join(folder, target, name));
  rmSync(unfinished, { recursive: true });
  console.log(`dist-native/${target}/${name}`);
}

/** Bun signs what it makes for Apple silicon alone. */
function sign(path) {
  writeFileSync(path, signAdHoc(readFileSync(path), 'roles-anywhere'));
}

/** In the format of sha256sum(1). */
function writeSums() {
  const lines = Object.keys(targets)
    .map((target) => `${target}/${executableName(target)}`)
    .filter((path) => existsSync(join(folder, path)))
    .map((path) => `${sha256(join(folder, path))}  ${path}\n`);
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
}

function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
