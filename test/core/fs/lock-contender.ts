import { tryLock } from '../../../src/core/fs/file-lock.ts';

/** Tries to take a lock each time it is told to, and tells whether it has it. */
const [path = ''] = process.argv.slice(2);

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

process.on('message', () => {
  process.send?.(tryLock(path, { pid: process.pid, isRunning }) !== undefined);
});
process.send?.('ready');
