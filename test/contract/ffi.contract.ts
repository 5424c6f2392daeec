/**
 * What every implementation of the seam for C functions does, as programs that throw where it does not: the one of Node
 * is run by the tests, the one of the executable by Bun.
 */
import assert from 'node:assert/strict';
import { closeSync, readSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Ffi } from '../../src/ffi/ffi.ts';

/** On Bun, and on Node, which has it behind a flag. */
function collectGarbage(): void {
  const { Bun } = globalThis as { Bun?: { gc: (isComplete: boolean) => void } };
  if (Bun !== undefined) return Bun.gc(true);
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

/** Name -> what throws where it does not hold. They call the C library: not for Windows. */
export const ffiCases: Readonly<Record<string, (ffi: Ffi) => unknown>> = {
  'numbers go in and come out, with their sign': (ffi) => {
    const libc = ffi.openLibc({
      abs: { takes: ['i32'], gives: 'i32' },
      atoi: { takes: ['pointer'], gives: 'i32' },
      htonl: { takes: ['u32'], gives: 'u32' },
      labs: { takes: ['i64'], gives: 'i64' },
      atoll: { takes: ['pointer'], gives: 'i64' },
      srand: { takes: ['u32'], gives: 'void' },
    });
    assert.equal(libc.abs(-5), 5);
    assert.equal(libc.atoi(text('-7')), -7);
    assert.equal(libc.htonl(0xff), 0xff00_0000);
    assert.equal(libc.labs(-5n), 5n);
    assert.equal(libc.labs(-9_007_199_254_740_993n), 9_007_199_254_740_993n);
    assert.equal(libc.labs(-5), 5n);
    assert.equal(libc.atoll(text('-9007199254740993')), -9_007_199_254_740_993n);
    assert.equal(libc.srand(1), undefined);
  },

  'an unsigned long has 64 bits': (ffi) => {
    const { strtoul } = ffi.openLibc({ strtoul: { takes: ['pointer', 'pointer', 'i32'], gives: 'ulong' } });
    assert.equal(strtoul(text('18446744073709551615'), null, 10), 18_446_744_073_709_551_615n);
    assert.equal(strtoul(text('7'), null, 10), 7n);
  },

  'bytes are given from where they begin, however short they are': (ffi) => {
    const { strlen } = ffi.openLibc({ strlen: { takes: ['pointer'], gives: 'u64' } });
    assert.equal(strlen(text('abc')), 3n);
    assert.equal(strlen(text('abc').subarray(1)), 2n);
    assert.equal(strlen(new Uint8Array([65, 66, 0])), 2n);
    const bytes = new Uint8Array([65, 66, 0]);
    assert.equal(strlen(ffi.addressOf(bytes)), 2n);
    assert.equal(strlen(ffi.addressOf(bytes.subarray(1))), 1n);
    const large = Buffer.alloc(100_000, 'x');
    large[99_999] = 0;
    assert.equal(strlen(large), 99_999n);
  },

  'what a function writes is in the bytes': (ffi) => {
    const { memset } = ffi.openLibc({ memset: { takes: ['pointer', 'i32', 'u64'], gives: 'pointer' } });
    const bytes = Buffer.alloc(8);
    assert.equal(memset(bytes.subarray(2), 0x41, 3), ffi.addressOf(bytes) + 2n);
    assert.equal(bytes.toString(), '\0\0AAA\0\0\0');
  },

  'memory is read by its address, as a copy': (ffi) => {
    const bytes = Buffer.from('before');
    const address = ffi.addressOf(bytes);
    const copy = ffi.read(address, 6);
    bytes.write('after!');
    assert.equal(copy.toString(), 'before');
    assert.equal(ffi.read(address, 5).toString(), 'after');
    assert.equal(ffi.read(0n, 0).length, 0);
    const { getenv } = ffi.openLibc({ getenv: { takes: ['pointer'], gives: 'pointer' } });
    assert.equal(getenv(text('A_VARIABLE_THAT_IS_NOT_THERE')), 0n);
  },

  'a structure holds addresses': (ffi) => {
    const libc = ffi.openLibc({
      pipe: { takes: ['pointer'], gives: 'i32' },
      writev: { takes: ['i32', 'pointer', 'i32'], gives: 'i64' },
    });
    const ends = Buffer.alloc(8);
    assert.equal(libc.pipe(ends), 0);
    const [from, to] = [ends.readInt32LE(0), ends.readInt32LE(4)];
    const parts = ['one ', 'two'].map((part) => Buffer.from(part));
    const vectors = Buffer.alloc(32);
    for (const [index, part] of parts.entries()) {
      vectors.writeBigUInt64LE(ffi.addressOf(part), 16 * index);
      vectors.writeBigUInt64LE(BigInt(part.length), 16 * index + 8);
    }
    assert.equal(libc.writev(to, vectors, 2), 7n);
    const read = Buffer.alloc(16);
    assert.equal(readSync(from, read), 7);
    assert.equal(read.toString('utf8', 0, 7), 'one two');
    closeSync(from);
    closeSync(to);
  },

  'a function is called by its address': (ffi) => {
    const { dlsym } = ffi.openLibc({ dlsym: { takes: ['pointer', 'pointer'], gives: 'pointer' } });
    const address = dlsym(null, text('strlen'));
    assert.notEqual(address, 0n);
    assert.equal(ffi.functionAt(address, { takes: ['pointer'], gives: 'u64' })(text('four')), 4n);
  },

  'errno is told after a call that failed': (ffi) => {
    const libc = ffi.openLibc({
      close: { takes: ['i32'], gives: 'i32' },
      rmdir: { takes: ['pointer'], gives: 'i32' },
    });
    assert.equal(libc.close(99_999), -1);
    assert.equal(ffi.errno(), 9);
    assert.equal(libc.rmdir(text('/a/folder/that/is/not/there')), -1);
    assert.equal(ffi.errno(), 2);
  },

  'options of a socket': (ffi) => {
    const libc = ffi.openLibc({
      socket: { takes: ['i32', 'i32', 'i32'], gives: 'i32' },
      setsockopt: { takes: ['i32', 'i32', 'i32', 'pointer', 'u32'], gives: 'i32' },
      getsockopt: { takes: ['i32', 'i32', 'i32', 'pointer', 'pointer'], gives: 'i32' },
    });
    const [internet, datagram, protocol] = [2, 2, 0];
    const descriptor = libc.socket(internet, datagram, protocol);
    const [level, hops] = [0, process.platform === 'linux' ? 2 : 4];
    assert.equal(libc.setsockopt(descriptor, level, hops, Buffer.from([3, 0, 0, 0]), 4), 0);
    const [value, length] = [Buffer.alloc(4), Buffer.from([4, 0, 0, 0])];
    assert.equal(libc.getsockopt(descriptor, level, hops, value, length), 0);
    assert.deepEqual([value.readInt32LE(), length.readInt32LE()], [3, 4]);
    closeSync(descriptor);
  },

  'asynchronous calls run beside this thread and beside each other': async (ffi) => {
    const { pipe, read, memset } = ffi.openLibc({
      pipe: { takes: ['pointer'], gives: 'i32' },
      read: { takes: ['i32', 'pointer', 'u64'], gives: 'i64' },
      memset: { takes: ['pointer', 'i32', 'u64'], gives: 'pointer' },
    });
    const makePipe = (): readonly [from: number, to: number] => {
      const ends = Buffer.alloc(8);
      assert.equal(pipe(ends), 0);
      return [ends.readInt32LE(0), ends.readInt32LE(4)];
    };
    const pipes = [makePipe(), makePipe()] as const;
    const done: string[] = [];
    // Each waits until something is written, which comes last for the one that was called first.
    const readAt = async (at: 0 | 1): Promise<void> => {
      assert.equal(await read.async(pipes[at][0], Buffer.alloc(1), 1n), 1n);
      done.push(`read ${at}`);
    };
    const first = readAt(0);
    const bytes = Buffer.alloc(4);
    assert.equal(await memset.async(bytes, 0x42, 3n), ffi.addressOf(bytes));
    assert.equal(bytes.toString(), 'BBB\0');
    const second = readAt(1);
    assert.deepEqual(done, []);
    writeSync(pipes[1][1], 'x');
    await second;
    assert.deepEqual(done, ['read 1']);
    writeSync(pipes[0][1], 'x');
    await first;
    for (const end of pipes.flat()) closeSync(end);
  },

  'a library stays loaded when nobody holds it': async (ffi) => {
    if (process.platform !== 'linux') return;
    const name = 'libcrypt.so.1';
    const libc = ffi.openLibc({ dlopen: { takes: ['pointer', 'i32'], gives: 'pointer' } });
    const onlyIfLoaded = 4 | 1;
    assert.equal(libc.dlopen(text(name), onlyIfLoaded), 0n, 'something else has loaded it');
    ffi.open(name, { crypt: { takes: ['pointer', 'pointer'], gives: 'pointer' } });
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      collectGarbage();
    }
    assert.notEqual(libc.dlopen(text(name), onlyIfLoaded), 0n);
  },

  'a library that is not there is refused in the words of the loader': (ffi) => {
    assert.throws(
      () => ffi.open('/not/there.so', { function: { takes: [], gives: 'void' } }),
      /\/not\/there\.so.*(?:cannot open shared object file|no such file)/i,
    );
  },

  'a function that is not there is named': (ffi) => {
    assert.throws(
      () => ffi.openLibc({ no_such_function: { takes: [], gives: 'void' } }),
      (error: Error) => /no_such_function/.test(error.message),
    );
  },
};
