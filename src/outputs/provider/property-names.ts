/** Where the library goes by the names of the SDK. */
const exceptions: Readonly<Record<string, string>> = {
  'session-duration': 'durationSeconds',
  'from-profile': 'profile',
  'assume-role': 'roleChain',
};

/** The property of `FromRolesAnywhereInit` for an option: `trustAnchorArn` for `trust-anchor-arn`. */
export function propertyOf(flag: string): string {
  return exceptions[flag] ?? flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
