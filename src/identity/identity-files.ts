import { createHash } from 'node:crypto';
import { closeSync, fstatSync } from 'node:fs';
import { systemCodeOf } from '../core/errno.ts';
import { openToRead } from '../core/fs/open-to-read.ts';
import { readRegular } from '../core/fs/read-file.ts';
import { secretOf } from './backends/registry.ts';
import { secretsOf } from './identity-secrets.ts';
import type { IdentityContext, IdentitySource, KeySource, SecretSource } from './identity.ts';
import { maxSourceBytes } from './read-source.ts';

/** All that an identity is read from, but for tokens and TPM. */
export interface IdentityParts {
  readonly pair: readonly KeySource[];
  /** The private key's own part and everything that unlocks it. */
  readonly unlocking: readonly (KeySource | SecretSource)[];
}

export function partsOf(source: IdentitySource): IdentityParts {
  const { certificate, privateKey = certificate, intermediates } = source;
  return {
    pair: [certificate, privateKey, intermediates].filter(isGiven),
    unlocking: [privateKey, ...secretsOf(source), secretOf(certificate), secretOf(privateKey)].filter(isGiven),
  };
}

/** Paths of the files among them. */
export function pathsOf({ pair, unlocking }: IdentityParts): readonly string[] {
  return [...new Set([...pair, ...unlocking].flatMap((part) => (part.kind === 'file' ? [part.path] : [])))];
}

/** A short text that is another one when what the sources hold is. Those that cannot be read are part of it. */
export function fingerprintOf(
  sources: readonly (KeySource | SecretSource)[],
  environment: IdentityContext['environment'],
): string {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(digestOf(source, environment)).update(';');
  return hash.digest('base64');
}

function digestOf(source: KeySource | SecretSource, environment: IdentityContext['environment']): string {
  if (source.kind === 'file') return fileDigest(source.path);
  // What else there is does not change.
  return source.kind === 'env' ? sha256(environment?.[source.name] ?? '') : '';
}

/** A pipe would be read empty, and what is too large is no key. */
function fileDigest(path: string): string {
  try {
    const fd = openToRead(path);
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return 'no file';
      const bytes = readRegular(fd, stats, maxSourceBytes);
      const digest = sha256(bytes);
      bytes.fill(0);
      return digest;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return systemCodeOf(error) ?? 'unreadable';
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('base64');
}

function isGiven<T>(part: T | undefined): part is T {
  return part !== undefined;
}
