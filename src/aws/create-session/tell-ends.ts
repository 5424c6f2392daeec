import type { SessionEnds } from './explain-session.ts';

/** Milliseconds. */
const week = 604_800_000;
/** Seconds that are asked for where nobody said how many: to get fewer is no news then. */
const unasked = 3600;
/** Milliseconds that clocks may differ without a word: the service takes requests that are five minutes off. */
const clocksDiffer = 300_000;

/**
 * Warns of what ends before anybody expects it: a session sooner than asked for; the certificate within a week or, where
 * that is sooner, in the last tenth of its life.
 */
export async function tellEnds(ends: SessionEnds, warn: (message: string) => void): Promise<void> {
  const { request, certificate, credentials } = ends;
  const { notBefore, notAfter } = certificate;
  const lasts = between(ends.now, credentials.expiration);
  const left = between(ends.now, notAfter);
  const { durationSeconds: asked = unasked } = request;
  const isShort = asked !== unasked && lasts + clocksDiffer < asked * 1000;
  const isLate = left < Math.min(week, between(notBefore, notAfter) / 10);
  if (!isShort && !isLate) return;
  const { explainShortSession, explainLateLeaf } = await import('./explain-session.ts');
  if (isShort) warn(explainShortSession(ends, lasts));
  if (isLate) warn(explainLateLeaf(ends, left));
}

function between(start: Date, end: Date): number {
  return end.getTime() - start.getTime();
}
