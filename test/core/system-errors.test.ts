import dns from 'node:dns';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { describe, expect, test } from 'vitest';
import { describeError } from '../../src/core/describe-error.ts';
import { failureKind, isExhaustion } from '../../src/core/error-facts.ts';
import type { ErrorCode } from '../../src/core/error-code.ts';
import { errorTable } from '../../src/core/error-table.ts';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { readFaults, readReason } from '../../src/core/fs/read-reason.ts';
import { loadFailure } from '../../src/core/load-part.ts';
import { systemErrors, systemFactsOf } from '../../src/core/system-errors.ts';
import { explainReadFailure } from '../../src/identity/explain-read-failure.ts';

const system = (code: string): Error => Object.assign(new Error('said by the system'), { code });
const unreadable = (cause: unknown): RolesAnywhereError =>
  new RolesAnywhereError('KEY_UNREADABLE', 'cannot be read', { cause });

/** Of no family: what libuv calls errors of its own, and what only a compiled-in option can bring about. */
const unsorted = new Set(['UNKNOWN']);

test('every code that Node names is sorted', () => {
  const resolver = Object.values<unknown>(dns).flatMap((value) =>
    typeof value === 'string' && /^E[A-Z]+$/.test(value) ? [value] : [],
  );
  const named = [
    ...Object.keys(constants.errno),
    ...[...getSystemErrorMap().values()].map(([name]) => name),
    ...resolver,
  ];
  expect(named.length).toBeGreaterThan(150);
  expect([...new Set(named)].filter((code) => !systemErrors.has(code) && !unsorted.has(code)).sort()).toEqual([]);
});

test.each<[kind: string, codes: string]>([
  ['exhausted', 'EMFILE ENFILE ENOMEM ENOSPC EDQUOT EAGAIN ENOBUFS EADDRNOTAVAIL ERR_MEMORY_ALLOCATION_FAILED'],
  ['exhausted', 'ERR_WORKER_OUT_OF_MEMORY ERR_WORKER_INIT_FAILED EAI_MEMORY'],
  ['passing', 'EADDRINUSE EIO ESTALE ECONNREFUSED ECONNRESET ECONNABORTED EHOSTUNREACH ENETUNREACH EPIPE ETIMEDOUT'],
  ['passing', 'ENOTFOUND EAI_AGAIN EBUSY ERR_SOCKET_CLOSED ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR MODULE_NOT_FOUND'],
  ['lasting', 'ENOENT EACCES EPERM EISDIR EROFS EFBIG ERR_INVALID_ARG_TYPE ERR_FS_FILE_TOO_LARGE'],
])('%s: %s', (kind, codes) => {
  for (const code of codes.split(' ')) expect([code, systemFactsOf(code)?.kind]).toEqual([code, kind]);
});

test('what a code means is told with its first word in lower case and no full stop', () => {
  for (const { means = 'a', hint = 'a' } of systemErrors.values()) {
    expect(`${means}\n${hint}`).toMatch(/^[a-z].*[^.]\n[a-z].*[^.]$|^a\na$|^[a-z].*[^.]\na$/);
  }
});

describe('an error of ours follows what was underneath', () => {
  test.each([...systemErrors].map(([code, { kind }]) => [code, kind] as const))('%s: %s', (code, kind) => {
    for (const error of [
      system(code),
      unreadable(system(code)),
      unreadable(new Error('between', { cause: system(code) })),
    ]) {
      expect(failureKind(error)).toBe(kind === 'lasting' ? 'lasting' : 'transient');
      expect(isExhaustion(error)).toBe(kind === 'exhausted');
    }
  });

  test('but a secret that was refused is never tried again', () => {
    const secrets = Object.keys(errorTable).filter((code) => errorTable[code as ErrorCode].kind === 'secret');
    expect(secrets.length).toBeGreaterThan(4);
    for (const code of secrets as ErrorCode[])
      expect(failureKind(new RolesAnywhereError(code, 'refused', { cause: system('EMFILE') }))).toBe('secret');
  });

  test('of several targets that failed, none may need somebody', () => {
    const all = (...errors: readonly unknown[]) => unreadable(new AggregateError(errors));
    expect(failureKind(all(unreadable(system('EMFILE')), system('EIO')))).toBe('transient');
    expect(failureKind(all(unreadable(system('EMFILE')), unreadable(system('ENOENT'))))).toBe('lasting');
  });

  test('a circle of causes ends', () => {
    const error: Error & { cause?: unknown } = new Error('round');
    error.cause = error;
    expect(failureKind(unreadable(error))).toBe('lasting');
  });
});

test('what cannot be read is explained in the same words', () => {
  expect(readReason(system('ENFILE'))).toBe('ENFILE: this machine has as many files and sockets open as it can');
  const source = { kind: 'file', path: '/leaf.key', option: '--private-key' } as const;
  expect(explainReadFailure(system('EMFILE'), source, {})).toMatchObject({
    message: 'cannot be read (EMFILE: this process has as many files and sockets open as it may)',
    details: { hints: [expect.stringContaining('ulimit -n')] },
  });
});

test.each(['ETIMEDOUT', 'ESTALE'] as const)('what reading a file itself ends with is said once: %s', (code) => {
  const source = { kind: 'file', path: '/leaf.key', option: '--private-key' } as const;
  expect(readReason(system(code))).toBe(`it ${readFaults[code]}`);
  expect(explainReadFailure(system(code), source, {})).toMatchObject({ message: readFaults[code] });
});

test.each(['EMFILE', 'ENFILE', 'ENOMEM'])('a part that cannot be loaded is explained in the same words: %s', (code) => {
  expect(loadFailure(system(code)).hints).toEqual([systemErrors.get(code)?.means]);
});

test('a log explains what this machine ran out of', () => {
  expect(describeError(system('EMFILE'))).toEqual({
    code: 'INTERNAL',
    message: 'EMFILE: this process has as many files and sockets open as it may',
  });
});
