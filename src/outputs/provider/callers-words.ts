import { RolesAnywhereError } from '../../core/errors.ts';
import { propertyNames } from '../../options/schema/table.ts';

const properties: ReadonlyMap<string, string> = new Map(Object.entries(propertyNames));

/** A text of the command's in the words of the library: `trustAnchorArn` in place of `--trust-anchor-arn`. */
export function inWords(text: string): string {
  return text
    .replaceAll('the profile of --from-profile', 'the profile given as profile')
    .replaceAll(/(?<![\w/-])--([a-z][a-z0-9-]*)/g, (whole, flag: string) => properties.get(flag) ?? whole);
}

/** The same of an error; anything that is no RolesAnywhereError stays what it is. `place` goes before its message. */
export function inCallersWords(error: unknown, place = ''): unknown {
  if (!(error instanceof RolesAnywhereError)) return error;
  const message = place + inWords(error.message);
  const hints = error.hints.map(inWords);
  if (message === error.message && hints.every((hint, at) => hint === error.hints[at])) return error;
  const { cause, requestId } = error;
  return new RolesAnywhereError(error.code, message, {
    hints,
    ...(cause === undefined ? {} : { cause }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
