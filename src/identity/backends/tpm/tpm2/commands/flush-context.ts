import { u32 } from '../codec.ts';
import type { TpmCommand } from '../command.ts';

/** TPM2_FlushContext (TPM 2.0 Library, part 3, section 28.4). The handle is a parameter here, not in the handle area. */
export function flushContext(handle: number): TpmCommand<void> {
  return {
    name: 'TPM2_FlushContext',
    code: 0x165,
    handles: [],
    parameters: u32(handle),
    encryptable: { command: false, answer: false },
    loads: false,
    duration: 'short',
    read: () => undefined,
  };
}
