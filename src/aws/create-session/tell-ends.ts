import type { SessionEnds } from './explain-session.ts';

/** Milliseconds. */
const week = 604_800_000;
/** Seconds that are asked for where nobody said how many: to get fewer is no news then. */
const unasked = 3600;
/** Milliseconds that clocks may differ without a word: the service takes requests that are five minutes off. */
const clocksDiffer = 300_000;

/** Who is told. */
interface EndsContext {
  readonly warn: (message: string) => void;
  readonly onCertificate?: ((certificate: SessionEnds['certificate']) => void) | undefined;
}

/**
 * Warns of what ends before anybody expects it: a session sooner than asked for; the certificate within a week or, where
 * that is sooner, in the last tenth of its life. A process that lives on takes the certificate, and sees to that itself.
 */
export async function tellEnds(ends: SessionEnds, { warn, onCertificate }: EndsContext): Promise<void> {
  const { request, certificate, credentials } = ends;
  const { notBefore, notAfter } = certificate;
  const lasts = between(ends.now, credentials.expiration);
  const left = between(ends.now, notAfter);
  const { durationSeconds: asked = unasked } = request;
  const isShort = asked !== unasked && lasts + clocksDiffer < asked * 1000;
  onCertificate?.(certificate);
  const isLate = !onCertificate && left < Math.min(week, between(notBefore, notAfter) / 10);
  if (!isShort && !isLate) return;
  const { explainShortSession, explainLateLeaf } = await import('./explain-session.ts');
  if (isShort) warn(explainShortSession(ends, lasts));
  if (isLate) warn(explainLateLeaf(ends, left));
}

function between(start: Date, end: Date): number {
  return end.getTime() - start.getTime();
}
