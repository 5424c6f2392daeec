import { describeError } from '../../core/describe-error.ts';
import type { Credentials } from '../../core/credentials.ts';
import type { CredentialPlan, PipelineContext } from '../../pipeline/credential-plan.ts';
import { obtainPlanned } from '../../pipeline/pipeline.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import { checkUsable } from '../check-usable.ts';
import { type ChangeContext, changeFile } from './change-file.ts';
import { writeProfile } from './write-profile.ts';

/** A profile of the credentials file and where its credentials come from. */
export interface UpdateTarget {
  readonly profile: string;
  readonly plan: CredentialPlan;
}

/** The file, and the world around it. */
export interface UpdateContext {
  /** The credentials file. */
  readonly path: string;
  readonly pipeline: PipelineContext;
  readonly clock: Clock;
  readonly lock: ChangeContext;
  /** What went wrong and is tried again, without secrets. */
  readonly warn: (message: string) => void;
  /** What was done. */
  readonly tell: (message: string) => void;
}

/** Puts credentials into profiles of the file. */
export type WriteCredentials = (credentials: ReadonlyMap<string, Credentials>) => Promise<void>;

/**
 * What writes to the file. Of two changes at once one waits for the lock: whoever makes several gives each its turn.
 *
 * Each change throws RolesAnywhereError: FILE_FAILED, FILE_UNSAFE, FILE_LOCKED; RESPONSE_EMPTY, RESPONSE_EXPIRED,
 * RESPONSE_INVALID for credentials that must not be in the file or cannot be.
 */
export function fileWriter({ path, lock, clock, warn, tell }: Omit<UpdateContext, 'pipeline'>): WriteCredentials {
  const told = new Set<string>();
  return async (credentials) => {
    const warnings: string[] = [];
    const change = (text: string): string => {
      // Not those of an attempt before.
      warnings.length = 0;
      let changed = text;
      for (const [profile, set] of credentials) {
        // Here, as the wait for the lock may have been long.
        checkUsable(set, clock.now());
        const written = writeProfile(changed, profile, set);
        changed = written.text;
        warnings.push(...written.warnings);
      }
      return changed;
    };
    warnings.push(...(await changeFile(path, change, lock)));
    for (const [profile, { expiration }] of credentials) {
      tell(`${path}: profile ${profile} works until ${expiration.toISOString()}`);
    }
    for (const warning of warnings.filter((each) => !told.has(each))) {
      told.add(warning);
      warn(`${path}: ${warning}`);
    }
  };
}

/**
 * Obtains credentials for every profile and writes those that could be had.
 *
 * @throws what the first profile that failed threw, once the others are written
 */
export async function updateOnce(targets: readonly UpdateTarget[], context: UpdateContext): Promise<void> {
  const outcomes = await Promise.allSettled(targets.map(({ plan }) => obtainPlanned(plan, context.pipeline)));
  const obtained = new Map<string, Credentials>();
  for (const [index, { profile }] of targets.entries()) {
    const outcome = outcomes[index];
    if (outcome?.status === 'fulfilled') obtained.set(profile, outcome.value);
  }
  if (obtained.size > 0) await fileWriter(context)(obtained);
  const failures = targets.flatMap(({ profile }, index) => {
    const outcome = outcomes[index];
    return outcome?.status === 'rejected' ? [{ profile, error: outcome.reason as unknown }] : [];
  });
  if (failures[0] === undefined) return;
  for (const { profile, error } of failures.slice(1)) {
    context.warn(`profile ${profile}: ${describeError(error).message}`);
  }
  throw failures[0].error;
}
