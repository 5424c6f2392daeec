import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext, KeySource, SecretSource } from '../../identity.ts';
import { nameOf } from '../sources.ts';
import { Problem } from '../../problem.ts';
import { readSecret } from '../../read-source.ts';

/** Where the password of an encrypted file comes from. */
export interface Lock {
  readonly source: KeySource;
  /** What the question puts before the name of the source: `the private key `. */
  readonly what: string;
  readonly password: SecretSource | undefined;
  readonly context: IdentityContext;
}

const maxQuestions = 3;

const passwordHints: readonly string[] = [
  'give it with --pkcs8-password-file, --pkcs8-password-fd, the variable ROLES_ANYWHERE_PKCS8_PASSWORD or --pkcs8-password',
];

/**
 * Opens something with its password: the one given, or one that is asked for, three times at the most. The empty one may
 * be the password; but an empty flag or variable may also stand for none, so that it does not keep from asking.
 *
 * @param open throws a Problem PASSWORD_WRONG when the password is not the right one
 * @throws Problem PASSWORD_MISSING or PASSWORD_WRONG; RolesAnywhereError PASSWORD_UNREADABLE
 */
export async function unlock<T>(lock: Lock, open: (password: Buffer) => Promise<T>): Promise<T> {
  if (lock.password !== undefined) {
    const password = await readSecret(lock.password, lock.context);
    const isEmpty = password.length === 0;
    try {
      return await openAndWipe(password, open);
    } catch (error) {
      if (!isEmpty || !isWrongPassword(error)) throw error;
      if (lock.context.askSecret === undefined) throw wrongPassword(error, 'empty password');
    }
  }
  for (let question = 1; ; question++) {
    const password = await ask(lock);
    try {
      return await openAndWipe(password, open);
    } catch (error) {
      if (question === maxQuestions || !isWrongPassword(error)) throw error;
    }
  }
}

export function isWrongPassword(error: unknown): boolean {
  return (error instanceof Problem || error instanceof RolesAnywhereError) && error.code === 'PASSWORD_WRONG';
}

export function wrongPassword(cause?: unknown, what = 'password'): Problem {
  return new Problem(`is not opened by the ${what} given`, 'PASSWORD_WRONG', { cause });
}

async function ask(lock: Lock): Promise<Buffer> {
  const answer = await lock.context.askSecret?.(`password of ${lock.what}${nameOf(lock.source)}`);
  if (answer === undefined) {
    throw new Problem('is encrypted, and no password was given', 'PASSWORD_MISSING', { hints: passwordHints });
  }
  return Buffer.from(answer, 'utf8');
}

async function openAndWipe<T>(password: Buffer, open: (password: Buffer) => Promise<T>): Promise<T> {
  try {
    return await open(password);
  } finally {
    password.fill(0);
  }
}
