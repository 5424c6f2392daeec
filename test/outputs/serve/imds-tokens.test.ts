import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { ImdsTokens } from '../../../src/outputs/serve/imds-tokens.ts';

function setUp() {
  const time = { now: 5000 };
  return { time, tokens: new ImdsTokens(() => time.now) };
}

test('a token holds for its time to live, and not a millisecond longer', () => {
  const { time, tokens } = setUp();
  const token = tokens.issue(60);
  expect(tokens.secondsLeft(token)).toBe(60);
  time.now += 59_001;
  expect(tokens.secondsLeft(token)).toBe(1);
  time.now += 998;
  expect(tokens.secondsLeft(token)).toBe(1);
  time.now += 1;
  expect(tokens.secondsLeft(token)).toBeUndefined();
  time.now -= 60_000;
  expect(tokens.secondsLeft(token)).toBeUndefined();
});

test.each(['', 'x', 'A'.repeat(56), 'A'.repeat(100_000)])('what was never given out is no token', (text) => {
  const { tokens } = setUp();
  tokens.issue(60);
  expect(tokens.secondsLeft(text)).toBeUndefined();
});

test('the 257th evicts the one that expires first, not the oldest', () => {
  const { tokens } = setUp();
  const first = tokens.issue(21_600);
  const brief = tokens.issue(30);
  const others = Array.from({ length: 254 }, () => tokens.issue(600));
  expect(tokens.size).toBe(256);
  const last = tokens.issue(10);
  expect(tokens.size).toBe(256);
  expect(tokens.secondsLeft(brief)).toBeUndefined();
  expect([first, last, ...others].every((token) => tokens.secondsLeft(token) !== undefined)).toBe(true);
});

test('a hundred thousand tokens take the room of 256', () => {
  const { tokens } = setUp();
  let last = '';
  for (let count = 0; count < 100_000; count += 1) last = tokens.issue(21_600);
  expect(tokens.size).toBe(256);
  expect(tokens.secondsLeft(last)).toBe(21_600);
});

test('what is held are hashes', () => {
  const { tokens } = setUp();
  const token = tokens.issue(60);
  expect(token).toMatch(/^[A-Za-z0-9+/]{56}$/);
  expect(inspect(tokens, { depth: 9, showHidden: true })).not.toContain(token);
  tokens.clear();
  expect(tokens.secondsLeft(token)).toBeUndefined();
});
