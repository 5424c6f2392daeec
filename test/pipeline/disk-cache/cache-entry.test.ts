import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { isFresh, isGoodEnough, isPlausible, isValid } from '../../../src/pipeline/disk-cache/cache-entry.ts';
import { renewalWindow } from '../../../src/pipeline/refresh/renewal-window.ts';
import { later, minutes, noon, sampleEntry, sampleSet } from './sample-entry.ts';

describe('a set', () => {
  test.each([
    [60, 49, true],
    [60, 51, false],
    [15, 9, true],
    [15, 11, false],
    [8, 3, true],
    [8, 5, false],
    [720, 599, true],
    [720, 601, false],
  ])('of %i minutes is fresh after %i: %s', (lifetime, age, fresh) => {
    expect(isFresh(sampleSet(minutes(lifetime)), later(minutes(age)))).toBe(fresh);
  });

  test('is renewed by the rule of the refresher, and never handed out expired', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: minutes(735) }), fc.integer({ min: 0, max: minutes(800) }), (life, age) => {
        const [set, now] = [sampleSet(life), later(age)];
        expect(isFresh(set, now)).toBe(life - age > renewalWindow(life));
        expect(age >= life && (isFresh(set, now) || isValid(set, now))).toBe(false);
      }),
    );
  });
});

describe('an entry', () => {
  test.each([
    ['an hour', minutes(60), true],
    ['twelve hours', minutes(720), true],
    ['twelve hours by a clock that is ahead', minutes(734), true],
    ['thirteen hours', minutes(780), false],
    ['no time', 0, false],
    ['less than no time', -1, false],
  ])('that lives for %s can be true: %s', (_name, lifetime, plausible) => {
    expect(isPlausible(sampleEntry(lifetime), noon)).toBe(plausible);
  });

  test('of the future was written by a clock that has been set back', () => {
    expect(isPlausible(sampleEntry(), later(-minutes(2)))).toBe(false);
    expect(isPlausible(sampleEntry(), later(-1000))).toBe(true);
  });

  test('is judged by each of its sets', () => {
    const entry = { target: 0, sets: [sampleSet(minutes(900)), sampleSet(minutes(60))] } as const;
    expect(isPlausible(entry, noon)).toBe(false);
  });

  test('rests after a renewal that failed, as long as it works', () => {
    const entry = { ...sampleEntry(), restsUntil: later(minutes(55.5)) };
    expect(isGoodEnough(entry, later(minutes(49)))).toBe(true);
    expect(isGoodEnough(entry, later(minutes(55)))).toBe(true);
    expect(isGoodEnough(entry, later(minutes(56)))).toBe(false);
    expect(isGoodEnough({ ...entry, restsUntil: later(minutes(90)) }, later(minutes(60)))).toBe(false);
  });
});
