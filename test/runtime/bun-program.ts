/** Runs the contract of the adapters on Bun, and prints as JSON which cases failed and which passed. */
import * as files from '../../src/core/fs/read-file-at-start.ts';
import { isCertificate } from '../../src/runtime/bun/certificate.ts';
import * as crypto from '../../src/runtime/bun/crypto.ts';
import { dialEndpoint } from '../../src/runtime/bun/dial.ts';
import * as output from '../../src/runtime/bun/output.ts';
import { openPlainKey } from '../../src/runtime/bun/plain-key.ts';
import { verify } from '../../src/runtime/bun/verify.ts';
import { runtimeCases } from '../contract/runtime.contract.ts';

const adapters = { crypto, isCertificate, dialEndpoint, openPlainKey, verify, files, output };
const failed: Record<string, string> = {};
const passed: string[] = [];
for (const [name, check] of Object.entries(runtimeCases)) {
  try {
    await check(adapters);
    passed.push(name);
  } catch (error) {
    failed[name] = String(error);
  }
}
console.log(JSON.stringify({ failed, passed }));
process.exit(0);
