/** The kinds of keys that Roles Anywhere takes. */
export const keyTypes = [
  'P-256',
  'P-384',
  'P-521',
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
] as const;

/** A kind of key that Roles Anywhere takes. */
export type KeyType = (typeof keyTypes)[number];
