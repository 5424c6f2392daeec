import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { ImdsTokens } from '../../../src/outputs/serve/imds-routes.ts';

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
});

test.each(['', 'x', 'A'.repeat(56), 'A'.repeat(100_000)])('what was never given out is no token', (text) => {
  const { tokens } = setUp();
  tokens.issue(60);
  expect(tokens.secondsLeft(text)).toBeUndefined();
});

test.each([0, 5, 6, 17, 18, 41])('one whose byte %i was changed is none', (at) => {
  const { tokens } = setUp();
  const token = Buffer.from(tokens.issue(60), 'base64');
  token.writeUInt8(token.readUInt8(at) ^ 1, at);
  expect(tokens.secondsLeft(token.toString('base64'))).toBeUndefined();
});

test('one of another process is none, and other ways of writing one are none', () => {
  const { tokens } = setUp();
  expect(setUp().tokens.secondsLeft(tokens.issue(60))).toBeUndefined();
  const letters = Array.from({ length: 50 }, () => tokens.issue(60)).find((text) => /[+/]/.test(text)) ?? '';
  expect(tokens.secondsLeft(letters)).toBe(60);
  expect(tokens.secondsLeft(` ${letters.slice(1)}`)).toBeUndefined();
});

test('however many are asked for, none that was given is forgotten', () => {
  const { time, tokens } = setUp();
  const early = Array.from({ length: 500 }, () => tokens.issue(600));
  for (let count = 0; count < 20_000; count += 1) tokens.issue(21_600);
  for (const token of [...early, ...early]) expect(tokens.secondsLeft(token)).toBe(600);
  time.now += 600_000;
  for (const token of early) expect(tokens.secondsLeft(token)).toBeUndefined();
});

test('what is stored of those in use is bounded, and opens nothing', () => {
  const { tokens } = setUp();
  const token = tokens.issue(60);
  expect(token).toMatch(/^[A-Za-z0-9+/]{56}$/);
  for (let count = 0; count < 1000; count += 1) tokens.secondsLeft(tokens.issue(60));
  expect(tokens.secondsLeft(token)).toBe(60);
  expect(inspect(tokens, { depth: 9, showHidden: true })).not.toContain(token);
  tokens.clear();
  expect(tokens.secondsLeft(token)).toBeUndefined();
});
