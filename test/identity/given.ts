import type { ByteSource, IdentityContext, SecretSource } from '../../src/identity/identity.ts';

/** A file given as this option. */
export function file(path: string, option = '--certificate'): ByteSource {
  return { option, kind: 'file', path };
}

/** Bytes given by a caller of the library. */
export function bytes(content: Uint8Array | string, option = '--certificate'): ByteSource {
  return { option, kind: 'bytes', bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

export function password(value: string): SecretSource {
  return { option: '--pkcs8-password', kind: 'value', value };
}

/** A context that keeps what it was told. */
export interface RecordingContext extends IdentityContext {
  readonly warnings: readonly string[];
  readonly questions: readonly string[];
}

/** @param answers to the questions for a password, in order; none at all: there is no terminal */
export function recordingContext(answers?: readonly (string | undefined)[], now = new Date()): RecordingContext {
  const warnings: string[] = [];
  const questions: string[] = [];
  const askSecret = (question: string): Promise<string | undefined> => {
    questions.push(question);
    return Promise.resolve(answers?.[questions.length - 1]);
  };
  return {
    now: () => now,
    warn: (message) => warnings.push(message),
    environment: {},
    ...(answers === undefined ? {} : { askSecret }),
    warnings,
    questions,
  };
}
