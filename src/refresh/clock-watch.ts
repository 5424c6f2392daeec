import type { Clock } from './clock.ts';

/** Milliseconds that the clocks may drift apart between two looks: clocks are slewed, and reading two takes a while. */
const tolerance = 5000;

/**
 * Notices that the wall clock went another way than the monotonic one.
 *
 * @returns a look at both: by how many milliseconds the wall clock has jumped since the last look, or 0
 */
export function watchClocks({ now, monotonic }: Pick<Clock, 'now' | 'monotonic'>): () => number {
  let offset = now().getTime() - monotonic();
  return () => {
    const before = offset;
    offset = now().getTime() - monotonic();
    const jumped = offset - before;
    return Math.abs(jumped) > tolerance ? jumped : 0;
  };
}
