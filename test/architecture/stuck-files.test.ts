import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { TestModule } from 'vitest/node';
import { stuckFiles } from '../support/stuck-files.ts';

const moduleOf = (name: string): TestModule => ({ moduleId: `/${name}`, relativeModuleId: name }) as TestModule;

test('a file of tests that does not end is named, and ends the run; one that ended does not', () => {
  vi.useFakeTimers();
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    const giveUp = vi.fn<() => void>();
    const reporter = stuckFiles(600, giveUp);
    for (const name of ['ends.test.ts', 'hangs.test.ts']) void reporter.onTestModuleQueued?.(moduleOf(name));
    vi.advanceTimersByTime(599_000);
    void reporter.onTestModuleEnd?.(moduleOf('ends.test.ts'));
    expect(giveUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(giveUp).toHaveBeenCalledOnce();
    expect(told.mock.calls).toEqual([['hangs.test.ts has not ended after 600 s: a call of it does not return']]);
  } finally {
    told.mockRestore();
    vi.useRealTimers();
  }
});

test('no file exports keys that it generated itself as JWK, which can stand still for ever: test/support/generated-keys.ts', () => {
  const files = ['src', 'test', 'bench', 'certs-fixtures'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:ts|mjs)$/.test(path))
      .map((path) => join(folder, path)),
  );
  const both = files.filter((path) => {
    const text = readFileSync(path, 'utf8');
    return (
      /generateKeyPair(?:Sync)?\b[^;]*from|promisify\(generateKeyPair/.test(text) &&
      /export\(\{\s*format: 'jwk'/.test(text)
    );
  });
  expect(both).toEqual([]);
});
