import { tryLock } from '../../../src/pipeline/disk-cache/lock.ts';
import { isRunning } from './cache-place.ts';

/** Tries to take a lock each time it is told to, and tells whether it has it. */
const [path = '', key = ''] = process.argv.slice(2);
const folder = { path, option: '--cache-dir', userId: process.geteuid?.() };
const self = { pid: process.pid, isRunning };

process.on('message', () => {
  process.send?.(tryLock({ folder, key, process: self, now: () => new Date() }) !== undefined);
});
process.send?.('ready');
