/** Until when something works, and from when on. */
interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const day = 86_400_000;

/** Days before the end, at which somebody is told. */
const usual: readonly number[] = [30 * day, 7 * day, day];

/**
 * How long before the end of a certificate somebody is told, in milliseconds, the first time first: 30, 7 and 1 days; where
 * it lives for less than ninety days, a third of its life in the place of what is longer.
 */
export function expiryThresholds({ notBefore, notAfter }: Validity): readonly number[] {
  const third = (notAfter.getTime() - notBefore.getTime()) / 3;
  const first = Math.min(third, usual[0] ?? 0);
  return [first, ...usual.filter((threshold) => threshold < first)];
}

/**
 * The last of these thresholds that has been passed: 0 where the end itself has, undefined where none has.
 *
 * @param thresholds milliseconds before the end
 */
export function passedThreshold(
  { notAfter }: Pick<Validity, 'notAfter'>,
  thresholds: readonly number[],
  now: Date,
): number | undefined {
  const left = notAfter.getTime() - now.getTime();
  const passed = [...thresholds, 0].filter((threshold) => left <= threshold);
  return passed.length === 0 ? undefined : Math.min(...passed);
}
