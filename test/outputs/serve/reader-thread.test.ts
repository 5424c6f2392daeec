import type * as workerThreads from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { readOnThread, type TableReader } from '../../../src/outputs/serve/proc-net-tcp.ts';

/** What happens instead of a thread, in this order; a thread when there is nothing left. */
const troubles: ('none to be had' | 'it ends as it begins')[] = [];

vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof workerThreads>();
  class Worker extends real.Worker {
    constructor(...[program, options]: ConstructorParameters<typeof real.Worker>) {
      const trouble = troubles.shift();
      if (trouble === 'none to be had') throw Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
      super(trouble === undefined ? program : 'throw new Error("no memory left")', options);
    }
  }
  return { ...real, Worker };
});

let reader: TableReader | undefined;
afterEach(() => reader?.close());

test.runIf(process.platform === 'linux')(
  'a table that no thread can be had for is empty, and read when there is one again',
  async () => {
    troubles.push('none to be had', 'it ends as it begins', 'none to be had');
    reader = readOnThread();
    const tables: boolean[] = [];
    for (let look = 0; look < 4; look += 1) tables.push((await reader.read('/proc/net/tcp')) !== '');
    expect(tables).toEqual([false, false, false, true]);
  },
);
