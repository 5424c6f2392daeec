import type { LockProcess } from '../../core/fs/lock-holder.ts';

/** This process as locks name it, and a look at others. */
export const thisProcess: LockProcess = { pid: process.pid, isRunning };

/** Signal 0 is not sent, only tried (kill(2)): a process of somebody else is there too. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
