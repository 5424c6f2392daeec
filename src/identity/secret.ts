import type { ReadContext, SecretSource } from './identity.ts';
import { naming } from './problem.ts';
import { readSource } from './read-source.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Reads a password or PIN into a buffer that the caller wipes. Of a file or descriptor one line break at the end is
 * left out, as `echo` adds it. What holds nothing gives the empty password.
 *
 * @throws RolesAnywhereError PASSWORD_UNREADABLE
 */
export function readSecret(source: SecretSource, context: ReadContext): Promise<Buffer> {
  if (source.kind === 'value') return Promise.resolve(Buffer.from(source.value, 'utf8'));
  return naming(source, 'PASSWORD_UNREADABLE', async () => {
    const { bytes } = await readSource(source, 'PASSWORD_UNREADABLE', context);
    return withoutLineBreak(bytes);
  });
}

function withoutLineBreak(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== newline) return bytes;
  return bytes.subarray(0, bytes.at(-2) === carriageReturn ? -2 : -1);
}
