/**
 * `npm run dev -- [--inspect-brk] COMMAND …`: the command out of the source as it is now, with the source's own lines in
 * stack traces and in a debugger.
 */
import { spawnSync } from 'node:child_process';
import { buildForDebugger } from './build/command.mjs';

const args = process.argv.slice(2);
const forNode = args.filter((arg) => arg.startsWith('--inspect'));
const forCommand = args.filter((arg) => !arg.startsWith('--inspect'));
const command = await buildForDebugger();
const { status } = spawnSync(process.execPath, ['--enable-source-maps', ...forNode, command, ...forCommand], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
