import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readFile } from '../../src/core/fs/read-file.ts';
import { lookAtSources } from '../../src/identity/identity-files.ts';
import type { KeySource } from '../../src/identity/identity.ts';
import { makeFolder, removeFolder } from '../support/openssl.ts';
import { needs } from '../support/programs.ts';
import { file } from './given.ts';

let folder: string;

beforeAll(() => {
  folder = makeFolder();
});

afterAll(() => removeFolder(folder));

const variable = (name: string): KeySource => ({ option: '--private-key', kind: 'env', name });

it('is another text when a file or a variable is another one', () => {
  const path = join(folder, 'leaf.pem');
  const look = (KEY: string) => [[file(path), variable('KEY')], [variable('KEY')]].map(lookAtSources({ KEY }));
  writeFileSync(path, 'first');
  const [pair, key] = look('a');
  expect(look('a')).toEqual([pair, key]);
  writeFileSync(path, 'second');
  const [otherPair, sameKey] = look('a');
  expect([otherPair === pair, sameKey === key]).toEqual([false, true]);
  const [, otherKey] = look('b');
  expect(otherKey).not.toBe(key);
});

// Whoever opens a pipe and closes it again takes it from its writer.
it('leaves a pipe to the one who reads it', needs('mkfifo'), async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', 'echo content > "$0"', path], { stdio: 'ignore' });
  for (let look = 0; look < 20; look += 1) {
    lookAtSources({})([file(path)]);
    await delay(10);
  }
  expect(writer.exitCode).toBeNull();
  expect((await readFile(path, { bytes: 100 })).bytes.toString()).toBe('content\n');
});
