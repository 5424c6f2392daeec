import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endingInTime, HangUps, unlessStopped, warnOfDebugDoors } from '../../../src/cli/terminal/long-lived.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise<never>(() => undefined);
const nothing = (): void => undefined;

test('work that hangs is left eight seconds after the signal, and that is said', async () => {
  const warnings: string[] = [];
  let ring = nothing;
  const signalled = new Promise<void>((settle) => (ring = settle));
  let hasEnded = false;
  const ending = endingInTime(never, signalled, (message) => warnings.push(message)).then(() => (hasEnded = true));
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(hasEnded).toBe(false);
  ring();
  await vi.advanceTimersByTimeAsync(7999);
  expect([hasEnded, warnings]).toEqual([false, []]);
  await vi.advanceTimersByTimeAsync(1);
  await ending;
  expect(warnings).toEqual(['not everything came to an end within 8 s, and ends now']);
});

test('work that ends is waited for, and leaves no timer', async () => {
  expect(await endingInTime(Promise.resolve(7), Promise.resolve(), nothing)).toBe(7);
  await expect(endingInTime(Promise.reject(new Error('no')), never, nothing)).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});

test('options of node that show what is in memory are named, others are not', () => {
  const warnings: string[] = [];
  warnOfDebugDoors({ NODE_OPTIONS: '--max-old-space-size=99 --report-on-signal --inspect=0.0.0.0:9229' }, (message) =>
    warnings.push(message),
  );
  warnOfDebugDoors({ NODE_OPTIONS: '--enable-source-maps' }, (message) => warnings.push(message));
  expect(warnings).toEqual([
    'node was started with --report-on-signal, --inspect: what it opens or writes holds keys and credentials',
  ]);
});

test('what comes to run after the signal is closed, and what fails after it is nobody’s', async () => {
  let hasClosed = false;
  const late = {
    close: async () => {
      hasClosed = true;
    },
  };
  expect(await unlessStopped(Promise.resolve(late), never)).toBe(late);
  let begin: (running: typeof late) => void = nothing;
  const starting = new Promise<typeof late>((settle) => (begin = settle));
  expect(await unlessStopped(starting, Promise.resolve())).toBeUndefined();
  expect(hasClosed).toBe(false);
  begin(late);
  await expect.poll(() => hasClosed).toBe(true);
  const failing = (async () => {
    await Promise.resolve();
    throw new Error('no');
  })();
  expect(await unlessStopped(failing, Promise.resolve())).toBeUndefined();
});

test('hang-ups before there is an answer are answered once, and so are those during one', async () => {
  const hangUps = new HangUps();
  hangUps.ring();
  hangUps.ring();
  let answers = 0;
  let end = nothing;
  hangUps.answer(() => {
    answers += 1;
    return new Promise((settle) => (end = settle));
  });
  expect(answers).toBe(1);
  hangUps.ring();
  hangUps.ring();
  expect(answers).toBe(1);
  end();
  await expect.poll(() => answers).toBe(2);
  end();
  await vi.advanceTimersByTimeAsync(0);
  expect(answers).toBe(2);
  hangUps.ring();
  expect(answers).toBe(3);
});
