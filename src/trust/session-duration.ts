/** Seconds a session may last (API reference, CreateSession and AssumeRole). */
export const durationLimits = { least: 900, most: 43_200, fallback: 3600, chained: 3600 } as const;

/**
 * The lifetime of a Roles Anywhere session in seconds: the smaller of what is asked for and what the profile allows
 * (user guide, CreateSession). A role whose MaxSessionDuration is smaller makes the call fail; that is for the caller
 * to see, nothing is clamped to it.
 */
export function sessionDuration(profileSeconds: number, requestedSeconds: number | undefined): number {
  return Math.min(profileSeconds, requestedSeconds ?? profileSeconds);
}
