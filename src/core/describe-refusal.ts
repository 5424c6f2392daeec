import { describeError } from './describe-error.ts';
import { RolesAnywhereError } from './errors.ts';
import type { RefusalName } from './refusal-name.ts';

/** Why a service refused. */
export interface DescribedRefusal {
  readonly cause: RefusalName;
  /** What the command ends with as hints, in one line. */
  readonly hints: string;
}

/** Undefined for an error that is no refusal. */
export function describeRefusal(error: unknown): DescribedRefusal | undefined {
  if (!(error instanceof RolesAnywhereError) || error.causeName === undefined) return undefined;
  return { cause: error.causeName, hints: error.hints.join('; ') };
}

/** The message of an error; of a refusal with its cause and what to do. */
export function explainedMessage(error: unknown): string {
  const { message } = describeError(error);
  const refusal = describeRefusal(error);
  if (refusal === undefined) return message;
  const { cause: name, hints } = refusal;
  return `${message} (cause: ${name}; ${hints})`;
}
