import { createHash } from 'node:crypto';
import { closeSync, fstatSync, statSync } from 'node:fs';
import { systemCodeOf } from '../core/errno.ts';
import { openToRead } from '../core/fs/open-to-read.ts';
import { readRegular } from '../core/fs/read-descriptor.ts';
import { secretOf } from './backends/registry.ts';
import { credentialPath } from './credential-path.ts';
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
export function pathsOf(
  { pair, unlocking }: IdentityParts,
  environment: IdentityContext['environment'],
): readonly string[] {
  return [...new Set([...pair, ...unlocking].flatMap((part) => pathOf(part, environment) ?? []))];
}

function pathOf(source: KeySource | SecretSource, environment: IdentityContext['environment']): string | undefined {
  if (source.kind === 'credential') return credentialPath(source.name, environment);
  return source.kind === 'file' ? source.path : undefined;
}

/**
 * A look at this moment: gives for sources a short text that is another one when what they hold is; those that cannot be
 * read are part of it. A file is read once, however many sources name it.
 */
export function lookAtSources(
  environment: IdentityContext['environment'],
): (sources: readonly (KeySource | SecretSource)[]) => string {
  const files = new Map<string, string>();
  const digestOf = (source: KeySource | SecretSource): string => {
    const path = pathOf(source, environment);
    if (path === undefined) return source.kind === 'env' ? sha256(environment?.[source.name] ?? '') : nothing;
    const digest = files.get(path) ?? fileDigest(path);
    files.set(path, digest);
    return digest;
  };
  return (sources) => sources.map(digestOf).join();
}

/** What is no file and no variable does not change. */
const nothing = '';

/** A pipe is not even opened: its writer would write to nobody. What is too large is no key. */
function fileDigest(path: string): string {
  try {
    if (!statSync(path).isFile()) return 'no file';
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
