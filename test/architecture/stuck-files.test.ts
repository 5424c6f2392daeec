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
