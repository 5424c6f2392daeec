/** Writes the man pages into a folder: `node scripts/run-ts.mjs scripts/package/man-pages.ts FOLDER VERSION DATE`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCommands } from '../../src/cli/load-commands.ts';
import { manPages } from '../docs/man-pages.ts';

const [folder = '.', version = '', date = ''] = process.argv.slice(2);
for (const [name, text] of manPages(await loadCommands(), { version, date })) writeFileSync(join(folder, name), text);
