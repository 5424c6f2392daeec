import { type Attribute, cryptokiStructures } from '../../src/identity/backends/pkcs11/cryptoki-abi.ts';
import { nameOfResult } from '../../src/identity/backends/pkcs11/cryptoki.ts';
import { arch, platform } from 'node:os';
import { findFfi } from '../../src/ffi/find-ffi.ts';

/** CKA_… and its value, as it comes most naturally. */
export interface TestAttribute {
  readonly type: number;
  readonly value: Buffer | number | boolean | string;
}

/** What tests do with a module besides what the backend does: make objects, and spoil what it holds. */
export interface TestBinding {
  C_Initialize(): void;
  C_Finalize(): void;
  /** Those with a token. */
  C_GetSlotList(): readonly bigint[];
  C_GetTokenInfo(slot: bigint): { readonly label: string };
  C_OpenSession(slot: bigint, flags: number): bigint;
  C_CloseAllSessions(slot: bigint): void;
  C_Login(session: bigint, userType: number, pin: string): void;
  C_Logout(session: bigint): void;
  C_SetPIN(session: bigint, from: string, to: string): void;
  C_CreateObject(session: bigint, template: readonly TestAttribute[]): void;
}

const ffi = await findFfi();

/** What calls of C functions need on this platform. */
export const koffiPackage = `@koromix/koffi-${platform()}-${arch()}`;

/** Whether C functions can be called here. */
export const canCall = !('missing' in ffi);

/** A module in this process that exports all functions by their names, loaded and not started. */
export function loadModule(path: string): TestBinding {
  if ('missing' in ffi) throw new Error(ffi.missing, { cause: ffi.cause });
  const module = ffi.open(path, {
    C_Initialize: { takes: ['pointer'], gives: 'ulong' },
    C_Finalize: { takes: ['pointer'], gives: 'ulong' },
    C_GetSlotList: { takes: ['u8', 'pointer', 'pointer'], gives: 'ulong' },
    C_GetTokenInfo: { takes: ['ulong', 'pointer'], gives: 'ulong' },
    C_OpenSession: { takes: ['ulong', 'ulong', 'pointer', 'pointer', 'pointer'], gives: 'ulong' },
    C_CloseAllSessions: { takes: ['ulong'], gives: 'ulong' },
    C_Login: { takes: ['ulong', 'ulong', 'pointer', 'ulong'], gives: 'ulong' },
    C_Logout: { takes: ['ulong'], gives: 'ulong' },
    C_SetPIN: { takes: ['ulong', 'pointer', 'ulong', 'pointer', 'ulong'], gives: 'ulong' },
    C_CreateObject: { takes: ['ulong', 'pointer', 'ulong', 'pointer'], gives: 'ulong' },
  });
  const { ulong, readUlong, readUlongs, ulongBytes, ...structures } = cryptokiStructures();
  const check = (result: bigint): void => {
    if (result !== 0n) throw new Error(nameOfResult(result));
  };
  const valueOf = (value: TestAttribute['value']): Uint8Array => {
    if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
    return typeof value === 'number' ? ulong(value) : Buffer.from(value);
  };
  return {
    C_Initialize: () => check(module.C_Initialize(null)),
    C_Finalize: () => check(module.C_Finalize(null)),
    C_GetSlotList: () => {
      const [slots, count] = [Buffer.alloc(64 * ulongBytes), ulong(64)];
      check(module.C_GetSlotList(1, slots, count));
      return readUlongs(slots, Number(readUlong(count)));
    },
    C_GetTokenInfo: (slot) => {
      const info = Buffer.alloc(structures.tokenInfoBytes);
      check(module.C_GetTokenInfo(slot, info));
      return structures.readTokenInfo(info);
    },
    C_OpenSession: (slot, flags) => {
      const session = ulong(0);
      check(module.C_OpenSession(slot, flags, null, null, session));
      return readUlong(session);
    },
    C_CloseAllSessions: (slot) => check(module.C_CloseAllSessions(slot)),
    C_Login: (session, type, pin) => check(module.C_Login(session, type, Buffer.from(pin), pin.length)),
    C_Logout: (session) => check(module.C_Logout(session)),
    C_SetPIN: (session, from, to) =>
      check(module.C_SetPIN(session, Buffer.from(from), from.length, Buffer.from(to), to.length)),
    C_CreateObject: (session, template) => {
      const wanted = template.map(({ type, value }): Attribute => ({ type, value: valueOf(value) }));
      const bytes = structures.template(wanted, ffi.addressOf);
      check(module.C_CreateObject(session, bytes, wanted.length, ulong(0)));
    },
  };
}
