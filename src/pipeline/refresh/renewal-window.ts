const fiveMinutes = 5 * 60 * 1000;

/** The part of the window by which chance makes a renewal earlier still. */
const widestJitter = 1 / 2;

/**
 * How long before its end a set is renewed: a sixth of its lifetime, but five minutes at least, as SDKs take a set for
 * expired when less is left; and never more than half of the lifetime.
 *
 * @param lifetime milliseconds
 * @returns milliseconds
 */
export function renewalWindow(lifetime: number): number {
  return Math.min(Math.max(fiveMinutes, lifetime / 6), lifetime / 2);
}

/**
 * The same, up to half as long again by chance, so that machines that started together do not renew together. Three
 * quarters of the lifetime at most.
 *
 * @param random from 0 up to, not including, 1
 */
export function jitteredWindow(lifetime: number, random: () => number): number {
  return renewalWindow(lifetime) * (1 + random() * widestJitter);
}
