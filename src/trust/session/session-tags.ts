/** STS limits on session tags (API reference, AssumeRole, Tags). */
export const tagLimits = { count: 50, key: 128, value: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u } as const;

/** What session tags and session policies take of the space that STS packs them into. */
export interface PackedParts {
  readonly tags: ReadonlyMap<string, string>;
  /** Characters of session policies, and of the ARNs of managed ones. */
  readonly policyCharacters?: number;
}

/** Characters of an inline session policy (API reference, AssumeRole, Policy). */
const packedCharacters = 2048;

/**
 * Percent of the limit that session policies and tags share; more than 100 is refused. How STS packs them is not
 * published: here they count as they are, which is an estimate, and more than it will be.
 */
export function packedSizeEstimate({ tags, policyCharacters = 0 }: PackedParts): number {
  const ofTags = [...tags].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return Math.ceil(((ofTags + policyCharacters) / packedCharacters) * 100);
}
