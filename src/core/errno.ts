/** `EMFILE`: the system's or the runtime's code; undefined where an error has none, or what looks like none. */
export function systemCodeOf(error: unknown): string | undefined {
  // Not `instanceof Error`: those of a runner of tests are of another realm.
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z\d_]{0,63}$/.test(code) ? code : undefined;
}
