import { describeError } from '../../core/describe-error.ts';
import type { IdentityContext, KeptIdentity, SigningIdentity } from '../../identity/identity.ts';

/**
 * An identity that holds nothing open and is opened anew at each use. When that fails, the one before stays, with a
 * warning, until its certificate expires.
 *
 * @param open a checked pair
 */
export function reopenedIdentity(open: () => Promise<SigningIdentity>, context: IdentityContext): KeptIdentity {
  let newest: SigningIdentity | undefined;

  async function reopen(): Promise<SigningIdentity> {
    try {
      newest = await open();
    } catch (error) {
      if (newest === undefined || newest.certificate.notAfter <= context.now()) throw error;
      context.warn(
        `the certificate that is there now cannot be used, the one before is kept: ${describeError(error).message}`,
      );
    }
    return newest;
  }

  return {
    use: async (action) => action(await reopen()),
    reload: () => undefined,
    onChange: () => () => undefined,
    close: () => Promise.resolve(),
  };
}
