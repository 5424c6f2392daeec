/** Runs the contract of the seam on Bun, and prints as JSON which cases failed and which passed. */
import { findFfi } from '../../src/ffi/find-ffi-bun.ts';
import { ffiCases } from '../contract/ffi.contract.ts';

const ffi = await findFfi('long');
const failed: Record<string, string> = {};
const passed: string[] = [];
if ('missing' in ffi) {
  console.log(JSON.stringify(ffi));
} else {
  for (const [name, check] of Object.entries(ffiCases)) {
    try {
      await check(ffi);
      passed.push(name);
    } catch (error) {
      failed[name] = String(error);
    }
  }
  console.log(JSON.stringify({ failed, passed }));
}
