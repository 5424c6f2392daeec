import { takeSized } from '../codec.ts';
import { namedByHandle, type TpmCommand } from '../command.ts';
import { nameOf, readPublicArea } from '../public-area.ts';
import type { LoadedObject } from './create-primary.ts';

/** TPM2_ReadPublic (TPM 2.0 Library, part 3, section 12.4). */
export function readPublic(handle: number): TpmCommand<LoadedObject> {
  return {
    name: 'TPM2_ReadPublic',
    code: 0x173,
    handles: [namedByHandle(handle)],
    parameters: new Uint8Array(),
    encryptable: { command: false, answer: false },
    loads: false,
    duration: 'short',
    read(cursor) {
      const area = readPublicArea(takeSized(cursor));
      takeSized(cursor); // name: it is computed here
      takeSized(cursor); // qualifiedName
      return { handle, name: nameOf(area), area };
    },
  };
}
