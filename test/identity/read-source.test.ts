import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ByteSource } from '../../src/identity/identity.ts';
import { maxSourceBytes, readSource, sourceReader } from '../../src/identity/read-source.ts';
import { makeFolder, removeFolder } from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';
import { file } from './given.ts';

let folder: string;
beforeAll(() => {
  folder = makeFolder();
  written('plain', 'content');
  written('empty', '');
  mkdirSync(join(folder, 'folder'));
  symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
});
afterAll(() => removeFolder(folder));

function written(name: string, content: string | Uint8Array, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

/** Root may read everything; for the length of a call it becomes nobody. */
async function asPlainUser<T>(call: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.('nobody');
  try {
    return await call();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const read = (source: ByteSource, environment = {}): ReturnType<typeof readSource> =>
  readSource(source, 'CERTIFICATE_UNREADABLE', { environment });

describe('files', () => {
  test('come with their bytes and mode', async () => {
    const path = written('plain', 'content', 0o640);
    const { bytes, mode } = await read(file(path));
    expect(bytes.toString()).toBe('content');
    expect((mode ?? 0) & 0o777).toBe(0o640);
  });

  test('may have 1 MiB and no more', async () => {
    const path = written('large', Buffer.alloc(maxSourceBytes, 7));
    expect((await read(file(path))).bytes).toHaveLength(maxSourceBytes);
    written('large', Buffer.alloc(maxSourceBytes + 1, 7));
    expect((await rejectionOf(read(file(path)))).message).toBe(`--certificate: ${path} is larger than 1 MiB`);
    written('large', Buffer.alloc(10 * maxSourceBytes, 7));
    expect((await rejectionOf(read(file(path)))).message).toBe(`--certificate: ${path} is larger than 1 MiB`);
  });

  test.each([
    ['nothing', 'does not exist'],
    ['plain/below', 'does not exist: part of the path is no directory'],
    ['folder', 'is a directory'],
    ['empty', 'is empty'],
    ['loop', 'cannot be read (ELOOP)'],
  ])('%s %s', async (name, reason) => {
    const error = await rejectionOf(read(file(join(folder, name), '--private-key')));
    expect(error.code).toBe('CERTIFICATE_UNREADABLE');
    expect(error.message).toBe(`--private-key: ${join(folder, name)} ${reason}`);
    expect(error.hints).toEqual([]);
  });

  test('without permission are named', async () => {
    const path = written('forbidden', 'content', 0o000);
    const error = await asPlainUser(() => rejectionOf(read(file(path))));
    expect(error.code).toBe('CERTIFICATE_UNREADABLE');
    expect(error.message).toBe(`--certificate: ${path} may not be read by this user`);
  });

  test('with ~ are explained', async () => {
    const error = await rejectionOf(read(file('~/leaf.pem')));
    expect(error.message).toBe(`--certificate: ~/leaf.pem does not exist (${resolve('~/leaf.pem')})`);
    expect(error.hints).toEqual(['write the path in full: only a shell expands ~']);
  });

  test.each([
    '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----',
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz',
  ])('whose path is a key are not named by it', async (path) => {
    const error = await rejectionOf(read(file(path)));
    expect(error.code).toBe('CERTIFICATE_UNREADABLE');
    expect(error.message).not.toContain('MIGH');
    expect(error.message).toContain('--certificate: a path that looks like the content of a key file ');
  });

  test('with a zero in their name are an error like any other', async () => {
    const error = await rejectionOf(read(file('leaf\0.pem')));
    expect(error.code).toBe('CERTIFICATE_UNREADABLE');
  });

  test('without a size are read to their end', async () => {
    const { bytes, mode } = await read(file('/proc/self/status'));
    expect(bytes.toString()).toContain('Pid:');
    expect(mode).toBeUndefined();
  });
});

describe('the environment', () => {
  test('gives a variable', async () => {
    const { bytes } = await read({ option: '--certificate', kind: 'env', name: 'LEAF' }, { LEAF: 'Grüße' });
    expect(bytes.toString()).toBe('Grüße');
  });

  test.each([
    [{}, 'is not set'],
    [{ LEAF: '' }, 'is empty'],
    [{ LEAF: 'x'.repeat(maxSourceBytes + 1) }, 'is larger than 1 MiB'],
  ])('may lack it', async (environment, reason) => {
    const error = await rejectionOf(read({ option: '--private-key', kind: 'env', name: 'LEAF' }, environment));
    expect(error.code).toBe('CERTIFICATE_UNREADABLE');
    expect(error.message).toBe(`--private-key: environment variable LEAF ${reason}`);
  });

  test('may not be there at all', async () => {
    const source: ByteSource = { option: '--certificate', kind: 'env', name: 'LEAF' };
    const error = await rejectionOf(readSource(source, 'KEY_UNREADABLE', {}));
    expect(error.code).toBe('KEY_UNREADABLE');
    expect(error.message).toBe('--certificate: environment variable LEAF is not set');
  });
});

describe('file descriptors', () => {
  test('of files are read from the beginning, and stay open', async () => {
    const fd = openSync(written('by-fd', 'content'), 'r');
    try {
      const source: ByteSource = { option: '--certificate', kind: 'fd', fd };
      expect((await read(source)).bytes.toString()).toBe('content');
      expect((await read(source)).bytes.toString()).toBe('content');
    } finally {
      closeSync(fd);
    }
  });

  test('that are closed are named', async () => {
    const fd = openSync(written('by-fd', 'content'), 'r');
    closeSync(fd);
    const error = await rejectionOf(read({ option: '--certificate', kind: 'fd', fd: 987_654 }));
    expect(error.code).toBe('CERTIFICATE_UNREADABLE');
    expect(error.message).toBe('--certificate: file descriptor 987654 is not open');
  });

  test.each([100, 200_000])('that are pipes are read to their end: %i bytes', async (size) => {
    const fifo = join(folder, `fifo-${size}`);
    execFileSync('mkfifo', [fifo]);
    spawn('sh', ['-c', `openssl rand -hex ${size / 2} > '${fifo}'`], { stdio: 'ignore' });
    const fd = openSync(fifo, 'r');
    try {
      const { bytes, mode } = await read({ option: '--certificate', kind: 'fd', fd });
      expect(bytes.toString()).toMatch(new RegExp(`^[0-9a-f]{${size}}\\n$`));
      expect(mode).toBeUndefined();
    } finally {
      closeSync(fd);
    }
  });

  test('that never end are cut off', async () => {
    const fd = openSync('/dev/zero', 'r');
    try {
      const error = await rejectionOf(read({ option: '--certificate', kind: 'fd', fd }));
      expect(error.message).toBe(`--certificate: file descriptor ${fd} is larger than 1 MiB`);
    } finally {
      closeSync(fd);
    }
  });
});

describe('bytes', () => {
  test('are copied', async () => {
    const given = Buffer.from('content');
    const { bytes } = await read({ option: 'certificate', kind: 'bytes', bytes: given });
    bytes.fill(0);
    expect(given.toString()).toBe('content');
  });

  test('may be empty, which is an error', async () => {
    const error = await rejectionOf(read({ option: 'certificate', kind: 'bytes', bytes: Buffer.of() }));
    expect(error.message).toBe('certificate: the value given is empty');
  });
});

test('one reader reads every source once, and wipes it', async () => {
  const reader = sourceReader({ environment: { LEAF: 'secret' } });
  const source: ByteSource = { option: '--certificate', kind: 'env', name: 'LEAF' };
  const first = await reader.read(source, 'CERTIFICATE_UNREADABLE');
  expect(await reader.read({ ...source, option: '--private-key' }, 'KEY_UNREADABLE')).toBe(first);
  expect(first.bytes.toString()).toBe('secret');
  reader.wipe();
  expect(first.bytes).toEqual(Buffer.alloc(6));
});
