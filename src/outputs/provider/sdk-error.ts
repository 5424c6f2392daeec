import { RolesAnywhereError } from '../../core/errors.ts';

/**
 * Makes of an error what the SDK's own providers throw as well: a `CredentialsProviderError`, by its name and by its
 * class, whatever RolesAnywhereError it is. The class is that of the copy of `@smithy/core` that this package finds, of
 * which there is one in a program unless versions of the SDK are mixed; the name holds everywhere.
 *
 * @returns the same error; anything that is no RolesAnywhereError stays what it is
 */
export async function asSdkError(error: unknown): Promise<unknown> {
  if (!(error instanceof RolesAnywhereError)) return error;
  // RolesAnywhereError answers instanceof by its brand, so that its prototype is free.
  Object.setPrototypeOf(error, (await prototype()) ?? RolesAnywhereError.prototype);
  return Object.defineProperty(error, 'name', { value: 'CredentialsProviderError' });
}

/** Loaded with the first error: where the SDK is in use, it is there already. */
async function prototype(): Promise<object | undefined> {
  try {
    const { CredentialsProviderError } = await import('@smithy/core/config');
    const constructor = { value: RolesAnywhereError, configurable: true, writable: true };
    return Object.create(CredentialsProviderError.prototype, { constructor });
  } catch {
    // Of a class that cannot be had, nobody tests for.
    return undefined;
  }
}
