import type { CacheEntry, CachedSet } from '../../../src/pipeline/disk-cache/cache-entry.ts';

export const noon = new Date('2026-03-01T12:00:00.000Z');

export function minutes(count: number): number {
  return count * 60_000;
}

export function later(milliseconds: number, than: Date = noon): Date {
  return new Date(than.getTime() + milliseconds);
}

/** A set that was had at noon. */
export function sampleSet(lifetime: number, name = 'EXAMPLE'): CachedSet {
  return {
    credentials: {
      accessKeyId: `ASIA${name}`,
      secretAccessKey: `secret of ${name}`,
      sessionToken: `token of ${name}`,
      expiration: later(lifetime),
      accountId: '111122223333',
    },
    obtainedAt: noon,
  };
}

export function sampleEntry(lifetime = minutes(60)): CacheEntry {
  return { target: 0, sets: [sampleSet(lifetime)] };
}
