import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as files from '../../src/core/fs/read-file.ts';
import { isCertificate } from '../../src/runtime/node/certificate.ts';
import * as crypto from '../../src/runtime/node/crypto.ts';
import { dialEndpoint } from '../../src/runtime/node/dial.ts';
import * as output from '../../src/runtime/node/output.ts';
import { openPlainKey } from '../../src/runtime/node/plain-key.ts';
import { verify } from '../../src/runtime/node/verify.ts';
import { runtimeCases } from '../contract/runtime.contract.ts';

describe('the adapters for Node', () => {
  test.each(Object.entries(runtimeCases))('%s', async (_name, check) => {
    const adapters = { crypto, isCertificate, dialEndpoint, openPlainKey, verify, files, output };
    await expect(check(adapters)).resolves.toBeUndefined();
  });
});

const bun = process.env['BUN'];
if (bun === undefined) console.log('skipped: the adapters for Bun, whose executable BUN would name');

describe('the adapters for Bun', { skip: bun === undefined }, () => {
  test('they do the same', () => {
    const program = join(import.meta.dirname, 'bun-program.ts');
    const told = execFileSync(bun ?? '', [program], { encoding: 'utf8', timeout: 60_000 });
    expect(JSON.parse(told)).toEqual({ failed: {}, passed: Object.keys(runtimeCases) });
  });
});
