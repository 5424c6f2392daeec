import { describeError } from '../../core/describe-error.ts';
import { isDeepStrictEqual } from 'node:util';
import { KeptProfile, type KeptProfileContext, type UpdateTarget } from './kept-profile.ts';
import { fileWriter, type UpdateContext } from './update-file.ts';

/** Profiles that are kept fresh in the file. */
export interface Updating {
  /** Takes over what the options say now, and reads certificates and keys again. What fails stays as it was. */
  reload(targets: readonly UpdateTarget[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes credentials for every profile, and keeps them fresh from then on.
 *
 * @throws what obtaining or writing a first set threw, unless it may be over soon: that is tried again
 */
export async function keepUpdated(targets: readonly UpdateTarget[], context: UpdateContext): Promise<Updating> {
  const write = fileWriter(context);
  const keptContext: KeptProfileContext = {
    ...context,
    write: (profile, credentials) => write(new Map([[profile, credentials]])),
  };
  let kept = targets.map((target) => new KeptProfile(target, keptContext));
  const close = async (): Promise<void> => void (await Promise.all(kept.map((each) => each.close())));
  const outcomes = await Promise.allSettled(kept.map((each) => each.start()));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return {
    async reload(next) {
      kept = await Promise.all(kept.map((each, index) => replaced(each, next[index] ?? each.target, keptContext)));
    },
    close,
  };
}

/** A profile that is to be obtained in another way makes place once that way has led to credentials. */
async function replaced(old: KeptProfile, target: UpdateTarget, context: KeptProfileContext): Promise<KeptProfile> {
  const isSame = isDeepStrictEqual(old.target, target);
  const next = isSame ? old : new KeptProfile(target, context);
  try {
    await (isSame ? old.reload() : next.takeOver());
    if (!isSame) await old.close();
    return next;
  } catch (error) {
    context.warn(`profile ${target.profile}: ${describeError(error).message}; all stays as it was`);
    if (!isSame) await next.close();
    return old;
  }
}
