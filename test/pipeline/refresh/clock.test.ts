import { expect, it } from 'vitest';
import { systemClock } from '../../../src/pipeline/refresh/clock.ts';

it('calls back in order, does not when it was called off, and takes any length', async () => {
  const clock = systemClock();
  const before = clock.monotonic();
  const called: string[] = [];
  clock.after(2 ** 40, () => called.push('after 35 years'));
  clock.after(1, () => called.push('called off'))();
  await new Promise<void>((resolve) => clock.after(20, () => (called.push('soon'), resolve())));

  expect(called).toEqual(['soon']);
  expect(clock.monotonic()).toBeGreaterThan(before);
  expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(1000);
});

it('keeps no process alive', () => {
  const waitingFor = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = waitingFor();
  const callOff = systemClock().after(60_000, () => undefined);
  expect(waitingFor()).toBe(before);
  callOff();
});
