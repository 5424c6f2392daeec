/** `npm run build`: what is published, the command and the library, below dist. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/set-up.mjs';

if (!existsSync(join(root, 'node_modules'))) {
  console.error('run `npm ci` first');
  process.exit(1);
}
const { buildCommand } = await import('./build/command.mjs');
const { buildLibrary } = await import('./build/library.mjs');
const { notices } = await import('./build/notices.mjs');
const library = await buildLibrary();
const bundled = [...library.inputs, ...(await buildCommand(library.vendored))];
writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), notices(bundled));
