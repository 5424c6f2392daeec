import { inTurn } from '../../core/in-turn.ts';
import { describeError } from '../../core/describe-error.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { failureKind } from '../../core/error-facts.ts';
import type { IdentityContext, ReloadingIdentity } from '../../identity/identity.ts';
import { inTime } from '../../pipeline/refresh/abortable.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import { areSameMaterials, type KeyMaterials } from './key-material.ts';

/** Milliseconds that functions are waited for while what they gave before still works. */
const longestWithStandIn = 4000;

/** What functions gave, opened. */
interface Opened {
  readonly materials: KeyMaterials;
  readonly identity: ReloadingIdentity;
  readonly notAfter: Date;
}

/**
 * An identity whose certificate, key or passwords functions give. They are called at each use; what they give is opened
 * when it is something else than before. Where it cannot be had in time or used, what was before stays, with a warning,
 * until its certificate expires. A password or PIN that was refused is not tried again before the functions give another.
 *
 * @param call calls the functions; while a call has not ended there is no other
 * @param open makes an identity of what they gave; it is opened at its first use
 */
export function functionIdentity(
  call: () => Promise<KeyMaterials>,
  open: (materials: KeyMaterials) => ReloadingIdentity,
  context: IdentityContext & { readonly clock: Clock },
): ReloadingIdentity {
  let current: Opened | undefined;
  let refused: { readonly materials: KeyMaterials; readonly error: unknown } | undefined;
  let running: Promise<KeyMaterials> | undefined;
  /** Two uses must not open the same thing twice. */
  const oneByOne = inTurn();
  let isClosed = false;
  let end: (reason: Error) => void = () => undefined;
  const closed = new Promise<never>((_resolve, reject) => {
    end = reject;
  });
  closed.catch(() => undefined);

  async function newest(): Promise<ReloadingIdentity> {
    const standIn = current !== undefined && current.notAfter > context.now() ? current.identity : undefined;
    try {
      const materials = await given(standIn === undefined ? undefined : longestWithStandIn);
      return await identityOf(materials);
    } catch (error) {
      if (standIn === undefined || isClosed) throw error;
      context.warn(
        `the certificate and key that are given now cannot be used, those before are kept: ${describeError(error).message}`,
      );
      return standIn;
    }
  }

  /** What the functions give, by a call of this use or by one that had not ended. */
  function given(longest: number | undefined): Promise<KeyMaterials> {
    running ??= call().finally(() => (running = undefined));
    const materials = Promise.race([running, closed]);
    return longest === undefined ? materials : inTime(materials, { milliseconds: longest, clock: context.clock, late });
  }

  async function identityOf(materials: KeyMaterials): Promise<ReloadingIdentity> {
    if (current !== undefined && areSameMaterials(current.materials, materials)) return current.identity;
    if (refused !== undefined && areSameMaterials(refused.materials, materials)) throw refused.error;
    const before = current;
    current = await openFirst(materials);
    refused = undefined;
    await before?.identity.close();
    return current.identity;
  }

  async function openFirst(materials: KeyMaterials): Promise<Opened> {
    const identity = open(materials);
    try {
      const notAfter = await identity.use(({ certificate }) => Promise.resolve(certificate.notAfter));
      return { materials, identity, notAfter };
    } catch (error) {
      if (failureKind(error) === 'secret') refused = { materials, error };
      await identity.close();
      throw error;
    }
  }

  return {
    // Begun in the turn, so that nobody closes the identity before.
    use: async (action) => (await oneByOne(async () => ({ result: (await newest()).use(action) }))).result,
    reload: () => {
      refused = undefined;
      current?.identity.reload();
    },
    onChange: () => () => undefined,
    close: () => {
      isClosed = true;
      end(new DOMException('the identity was closed', 'AbortError'));
      return oneByOne(async () => {
        const closing = current;
        current = undefined;
        await closing?.identity.close();
      });
    },
  };
}

function late(): never {
  const seconds = longestWithStandIn / 1000;
  throw new RolesAnywhereError('KEY_UNREADABLE', `the functions that give them have given nothing for ${seconds} s`);
}
