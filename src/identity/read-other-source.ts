import { credentialPath } from './credential-path.ts';
import { readFault, type ReadLimits } from '../core/fs/read-limits.ts';
import { type FileContent, readDescriptor } from '../core/fs/read-descriptor.ts';
import { readFile } from '../core/fs/read-file.ts';
import type { ByteSource, ReadContext } from './identity.ts';
import { Problem } from './problem.ts';

const standardInput = 0;

/** Reads a source that is no path: a variable, a descriptor, standard input, bytes that are here. */
export async function readOtherSource(
  source: Exclude<ByteSource, { kind: 'file' }>,
  context: ReadContext,
  limits: ReadLimits,
): Promise<FileContent> {
  if (source.kind === 'env') return inMemory(readVariable(source.name, context), limits);
  if (source.kind === 'bytes') return inMemory(source.bytes, limits);
  if (source.kind === 'credential') return readCredential(source.name, context, limits);
  return readDescriptor(source.kind === 'fd' ? source.fd : standardInput, limits);
}

function readCredential(name: string, { environment }: ReadContext, limits: ReadLimits): Promise<FileContent> {
  const path = credentialPath(name, environment);
  if (path !== undefined) return readFile(path, limits);
  throw new Problem('is not there: CREDENTIALS_DIRECTORY is not set', undefined, {
    hints: [`systemd sets it for a unit with LoadCredential=${name}:PATH`],
  });
}

/** A copy, as the reader may wipe it. */
function inMemory(content: string | Uint8Array, limits: ReadLimits): FileContent {
  if (content.length > limits.bytes) throw readFault('EFBIG');
  return { bytes: Buffer.from(content), mode: undefined };
}

function readVariable(name: string, { environment }: ReadContext): string {
  const value = environment?.[name];
  if (value === undefined) throw new Problem('is not set');
  return value;
}
