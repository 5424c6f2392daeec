import { closeSync, readSync } from 'node:fs';
import { expect, test } from 'vitest';
import { writeRest } from '../../../src/cli/terminal/slow-output.ts';
import { findFfi } from '../../../src/ffi/find-ffi.ts';
import { needsFfi } from '../../support/programs.ts';

/** Both ends of a pipe, of which the second does not wait. */
async function openPipe(): Promise<{ readonly from: number; readonly to: number }> {
  const ffi = await findFfi();
  if ('missing' in ffi) throw new Error(ffi.missing);
  const { pipe, fcntl } = ffi.openLibc({
    pipe: { takes: ['pointer'], gives: 'i32' },
    fcntl: { takes: ['i32', 'i32', 'i32'], gives: 'i32' },
  });
  const ends = Buffer.alloc(8);
  expect(pipe(ends)).toBe(0);
  const [from, to] = [ends.readInt32LE(0), ends.readInt32LE(4)];
  const [setFlags, doNotWait] = [4, 0o4000];
  expect(fcntl(to, setFlags, doNotWait)).toBe(0);
  return { from, to };
}

const full = Object.assign(new Error('full'), { code: 'EAGAIN' });

test.skipIf(needsFfi().skip || process.platform !== 'linux')(
  'a reader that is slow gets everything, by whatever descriptor',
  async () => {
    const { from, to } = await openPipe();
    const bytes = Buffer.alloc(300_000, 'all of it, ');
    const writing = writeRest(bytes, to, full).finally(() => closeSync(to));
    const read: Buffer[] = [];
    const some = Buffer.alloc(50_000);
    for (let length = 0; length < bytes.length;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const count = readSync(from, some);
      read.push(Buffer.from(some.subarray(0, count)));
      length += count;
    }
    await writing;
    closeSync(from);
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  },
);

test.skipIf(needsFfi().skip || process.platform !== 'linux')('a reader that has gone is told of', async () => {
  const { from, to } = await openPipe();
  closeSync(from);
  await expect(writeRest(Buffer.from('all of it'), to, full)).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: 'cannot write to stdout: its reader has gone',
  });
  closeSync(to);
});
