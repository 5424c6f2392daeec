/** Milliseconds that an answer asks to wait: seconds, or a date (RFC 9110, section 10.2.3) by the service's own clock. */
export function retryAfterOf(headers: Readonly<Record<string, string>>, now: Date): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = dateOf(value);
  if (date === undefined) return undefined;
  return Math.max(0, date.getTime() - (dateOf(headers['date']) ?? now).getTime());
}

/** RFC 9110, section 5.6.7. */
export function dateOf(text: string | undefined): Date | undefined {
  const time = text?.endsWith('GMT') === true ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}

/** What a service said: of one line, and no longer than anybody reads. */
export function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 500);
}
