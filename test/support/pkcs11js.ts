import { createRequire } from 'node:module';
import type { Attribute, Binding } from '../../src/identity/backends/pkcs11/import-pkcs11js.ts';

/** What tests do with a module beyond what the backend does: make objects, and spoil what it holds. */
export interface TestBinding extends Binding {
  C_CloseAllSessions(slot: Buffer): void;
  C_CreateObject(session: Buffer, template: readonly Attribute[]): Buffer;
  C_Logout(session: Buffer): void;
  C_SetPIN(session: Buffer, from: string, to: string): void;
}

/** A module in this process, loaded and not started. */
export function loadModule(path: string): TestBinding {
  const { PKCS11 } = requirePkcs11js();
  const module = new PKCS11();
  module.load(path);
  return module;
}

/** Whether the optional package was installed and compiled. */
export function isPkcs11jsBuilt(): boolean {
  try {
    return requirePkcs11js() !== undefined;
  } catch {
    return false;
  }
}

function requirePkcs11js(): { readonly PKCS11: new () => TestBinding } {
  return createRequire(import.meta.url)('pkcs11js') as { readonly PKCS11: new () => TestBinding };
}
