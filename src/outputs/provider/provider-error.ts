import { RolesAnywhereError } from '../../core/errors.ts';
import { loadPart } from '../../core/load-part.ts';
import { propertyNames } from '../../options/schema/table.ts';

const properties: ReadonlyMap<string, string> = new Map(Object.entries(propertyNames));

/** A text of the command's in the words of the library: `trustAnchorArn` in place of `--trust-anchor-arn`. */
export function withPropertyNames(text: string): string {
  return text
    .replaceAll('the profile of --from-profile', 'the profile given as profile')
    .replaceAll(/(?<![\w/-])--([a-z][a-z0-9-]*)/g, (whole, flag: string) => properties.get(flag) ?? whole);
}

/** The same of an error; anything that is no RolesAnywhereError stays what it is. `place` goes before its message. */
export function inPropertyNames(error: unknown, place = ''): unknown {
  if (!(error instanceof RolesAnywhereError)) return error;
  const message = place + withPropertyNames(error.message);
  const hints = error.hints.map(withPropertyNames);
  if (message === error.message && hints.every((hint, at) => hint === error.hints[at])) return error;
  const { cause, requestId, causeName } = error;
  return new RolesAnywhereError(error.code, message, {
    hints,
    causeName,
    ...(cause === undefined ? {} : { cause }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/**
 * What a caller of the provider gets: an error of ours in the names of its properties, and the SDK's as well.
 *
 * @returns anything that is no RolesAnywhereError stays what it is
 */
export function toProviderError(error: unknown): Promise<unknown> {
  return asSdkError(inPropertyNames(error));
}

/**
 * Makes of an error what the SDK's own providers throw as well: a `CredentialsProviderError`, by its name and by its
 * class, whatever RolesAnywhereError it is. The class is that of the copy of `@smithy/core` that this package finds, of
 * which there is one in a program unless versions of the SDK are mixed; the name holds everywhere.
 *
 * @returns the same error; anything that is no RolesAnywhereError stays what it is
 */
async function asSdkError(error: unknown): Promise<unknown> {
  if (!(error instanceof RolesAnywhereError)) return error;
  // RolesAnywhereError answers instanceof by its brand, so that its prototype is free.
  Object.setPrototypeOf(error, (await prototype()) ?? RolesAnywhereError.prototype);
  return Object.defineProperty(error, 'name', { value: 'CredentialsProviderError' });
}

let found: object | undefined;

/** Loaded with the first error: where the SDK is in use, it is there already. */
async function prototype(): Promise<object | undefined> {
  if (found !== undefined) return found;
  try {
    const { CredentialsProviderError } = await loadPart(() => import('@smithy/core/config'));
    const constructor = { value: RolesAnywhereError, configurable: true, writable: true };
    found = Object.create(CredentialsProviderError.prototype, { constructor });
    return found;
  } catch {
    // Of a class that cannot be had, nobody tests for.
    return undefined;
  }
}
