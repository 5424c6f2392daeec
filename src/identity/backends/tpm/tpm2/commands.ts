import { damaged } from '../../../x509/der.ts';
import { type Cursor, takeU16, takeU32, takeU8, u32 } from './codec.ts';
import type { TpmCommand } from './command.ts';

/** TPM_CAP (TPM 2.0 Library, part 2, section 6.12) */
const capabilities = { algorithms: 0, handles: 1, tpmProperties: 6 } as const;

/** TPM_PT (part 2, section 6.13): what guards against guessing. */
export const tpmProperties = { lockoutCounter: 0x20e, maxAuthFail: 0x20f, lockoutInterval: 0x210 } as const;

/** First handle of a kind (part 2, section 7.2); with `loadedSession` the TPM lists HMAC and policy sessions alike. */
export const firstHandles = { loadedSession: 0x0200_0000, transient: 0x8000_0000 } as const;

/** TPM_ALG_IDs that the TPM has. */
export function getAlgorithms(): TpmCommand<number[]> {
  return getCapability(capabilities.algorithms, 0, 128, (cursor) => {
    const algorithm = takeU16(cursor);
    takeU32(cursor); // TPMA_ALGORITHM
    return algorithm;
  });
}

/** Handles in use, of the kind of `first`. */
export function getHandles(first: number): TpmCommand<number[]> {
  return getCapability(capabilities.handles, first, 64, takeU32);
}

/** `count` TPM_PT values from `first` on: [property, value]. */
export function getProperties(first: number, count: number): TpmCommand<[number, number][]> {
  return getCapability(capabilities.tpmProperties, first, count, (cursor) => [takeU32(cursor), takeU32(cursor)]);
}

/** TPM2_GetCapability (part 3, section 30.2). A TPM may return fewer than asked for; what is asked for here fits. */
function getCapability<T>(
  capability: number,
  property: number,
  count: number,
  readItem: (cursor: Cursor) => T,
): TpmCommand<T[]> {
  return {
    name: 'TPM2_GetCapability',
    code: 0x17a,
    handles: [],
    parameters: Buffer.concat([u32(capability), u32(property), u32(count)]),
    encryptable: { command: false, answer: false },
    loads: false,
    duration: 'short',
    read(cursor) {
      takeU8(cursor); // moreData
      if (takeU32(cursor) !== capability) throw damaged('it lists another capability');
      const found = takeU32(cursor);
      if (found > count) throw damaged('it lists more than was asked for');
      return Array.from({ length: found }, () => readItem(cursor));
    },
  };
}
