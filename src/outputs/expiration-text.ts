/** RFC 3339 in UTC without fractions of a second, which some SDKs cannot read: `2026-01-15T13:34:56Z`. */
export function expirationText(expiration: Date): string {
  return `${expiration.toISOString().slice(0, 19)}Z`;
}
