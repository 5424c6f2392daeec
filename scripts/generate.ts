/**
 * `npm run generate`: what follows from the definitions of options and is kept in files, docs/options.md and the properties
 * of src/outputs/provider/init.ts. With `--check` it writes nothing and fails where a file is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCommands } from '../src/cli/load-commands.ts';
import { definitions } from '../src/options/schema/definitions.ts';
import { optionsPage } from './docs/options-page.ts';
import { withProperties } from './docs/provider-properties.ts';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const isCheck = process.argv.includes('--check');

function put(path: string, text: string): void {
  if (text === readFileSync(join(root, path), 'utf8')) return;
  if (!isCheck) writeFileSync(join(root, path), text);
  console.log(isCheck ? `${path} is not what the definitions say: run npm run generate` : `wrote ${path}`);
  if (isCheck) process.exitCode = 1;
}

const init = 'src/outputs/provider/init.ts';
put('docs/options.md', optionsPage(await loadCommands()));
put(init, withProperties(readFileSync(join(root, init), 'utf8'), definitions));
