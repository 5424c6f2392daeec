import { describeError } from '../../core/describe-error.ts';
import { failureKind } from '../../core/error-facts.ts';
import type { IdentityContext, KeptIdentity } from '../../identity/identity.ts';
import { areSameKeys, type SuppliedKeys } from './supplied-keys.ts';

interface Followed {
  readonly keys: SuppliedKeys;
  readonly kept: KeptIdentity;
  readonly notAfter: Date;
}

/**
 * An identity whose certificate, key or passwords functions give. They are called at each use; what they give is opened
 * when it is something else than before. Where it cannot be had or used, what was before stays, with a warning, until
 * its certificate expires. A password or PIN that was refused is not tried again before the functions give another.
 *
 * @param keep keeps what was supplied; what it returns is opened at its first use
 */
export function followSupply(
  supply: () => Promise<SuppliedKeys>,
  keep: (keys: SuppliedKeys) => KeptIdentity,
  context: IdentityContext,
): KeptIdentity {
  let current: Followed | undefined;
  let refused: { readonly keys: SuppliedKeys; readonly error: unknown } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function newest(): Promise<KeptIdentity> {
    try {
      return await follow(await supply());
    } catch (error) {
      if (current === undefined || current.notAfter <= context.now()) throw error;
      context.warn(
        `the certificate and key that are given now cannot be used, those before are kept: ${describeError(error).message}`,
      );
      return current.kept;
    }
  }

  async function follow(keys: SuppliedKeys): Promise<KeptIdentity> {
    if (current !== undefined && areSameKeys(current.keys, keys)) return current.kept;
    if (refused !== undefined && areSameKeys(refused.keys, keys)) throw refused.error;
    const before = current;
    current = await openFirst(keys);
    refused = undefined;
    await before?.kept.close();
    return current.kept;
  }

  async function openFirst(keys: SuppliedKeys): Promise<Followed> {
    const kept = keep(keys);
    try {
      return { keys, kept, notAfter: await kept.use(({ certificate }) => Promise.resolve(certificate.notAfter)) };
    } catch (error) {
      if (failureKind(error) === 'secret') refused = { keys, error };
      await kept.close();
      throw error;
    }
  }

  /** One after the other: two uses must not open the same thing twice. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    // Begun in the turn, so that nobody closes the identity before.
    use: async (action) => (await inTurn(async () => ({ result: (await newest()).use(action) }))).result,
    reload: () => {
      refused = undefined;
      current?.kept.reload();
    },
    onChange: () => () => undefined,
    close: () =>
      inTurn(async () => {
        const closing = current;
        current = undefined;
        await closing?.kept.close();
      }),
  };
}
