import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { needs } from './programs.ts';
import { softHsmModule } from './softhsm.ts';

/** The functions that this package calls, and that the shim can make fail. */
export const cryptokiFunctions = [
  'C_Initialize',
  'C_Finalize',
  'C_GetInfo',
  'C_GetSlotList',
  'C_GetSlotInfo',
  'C_GetTokenInfo',
  'C_OpenSession',
  'C_CloseSession',
  'C_GetSessionInfo',
  'C_Login',
  'C_GetAttributeValue',
  'C_FindObjectsInit',
  'C_FindObjects',
  'C_FindObjectsFinal',
  'C_SignInit',
  'C_Sign',
] as const;

export type CryptokiFunction = (typeof cryptokiFunctions)[number];

/** Options for a suite that compiles the shim. */
export function needsShim(): { skip: boolean } {
  return needs('cc');
}

/**
 * Compiles cryptoki-shim.c, a module before SoftHSM's with faults that SoftHSM does not have, and has it find that one.
 *
 * @returns its path
 */
export function makeShim(folder: string): string {
  const module = join(folder, 'cryptoki-shim.so');
  const code = join(import.meta.dirname, 'cryptoki-shim.c');
  execFileSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', module, code, '-ldl'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  process.env['SHIM_MODULE'] = softHsmModule;
  return module;
}

/**
 * The variable that makes a function fail.
 *
 * @param fault the CK_RV, then `@` and the detail it is for, or `*` and how often: see cryptoki-shim.c
 */
export function faultAt(name: CryptokiFunction, fault: string): Record<string, string> {
  return { [`SHIM_${name}`]: fault };
}

/** Runs `work` with a module that behaves like that. */
export async function withFault<T>(fault: Record<string, string>, work: () => Promise<T>): Promise<T> {
  Object.assign(process.env, fault);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(fault)) Reflect.deleteProperty(process.env, name);
  }
}
