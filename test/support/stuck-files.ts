import { readFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends the run when a file of tests has not ended within its time. The time-outs of tests cannot do that: a worker that is within a call which
 * does not return, of a library or of a child process that is waited for, is past hearing them, and the run would wait for it without a word.
 *
 * @param seconds for a whole file
 * @param giveUp how the run ends
 */
export function stuckFiles(seconds: number, giveUp: () => void = endWithWorkers): Reporter {
  const timers = new Map<string, NodeJS.Timeout>();
  return {
    onTestModuleQueued({ moduleId, relativeModuleId }: TestModule) {
      const tell = (): void => {
        console.error(`${relativeModuleId} has not ended after ${seconds} s: a call of it does not return`);
        giveUp();
      };
      timers.set(moduleId, setTimeout(tell, seconds * 1000));
    },
    onTestModuleEnd({ moduleId }: TestModule) {
      clearTimeout(timers.get(moduleId));
    },
  };
}

/** A worker that does not listen would go on without its parent, where the system lists the children of a process. */
function endWithWorkers(): void {
  if (process.platform === 'linux') {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    for (const child of children) process.kill(Number(child), 'SIGKILL');
  }
  process.exit(1);
}
