import { sized, takeSized, takeU16, takeU32, u32 } from '../codec.ts';
import { type Entity, namedByHandle, type TpmCommand } from '../command.ts';
import { nameOf, type PublicArea, readPublicArea } from '../public-area.ts';

/** An object in the TPM with its public area. */
export interface LoadedObject extends Entity {
  readonly area: PublicArea;
}

/**
 * TPM2_CreatePrimary (TPM 2.0 Library, part 3, section 24.1) of a key with an empty password.
 *
 * @param hierarchy TPM_RH_OWNER, TPM_RH_ENDORSEMENT, TPM_RH_PLATFORM or TPM_RH_NULL
 * @param template TPMT_PUBLIC
 */
export function createPrimary(hierarchy: number, template: Uint8Array): TpmCommand<LoadedObject> {
  const inSensitive = sized(sized(), sized());
  const outsideInfo = sized();
  const creationPcr = u32(0);
  return {
    name: 'TPM2_CreatePrimary',
    code: 0x131,
    handles: [namedByHandle(hierarchy)],
    parameters: Buffer.concat([inSensitive, sized(template), outsideInfo, creationPcr]),
    encryptable: { command: true, answer: true },
    loads: true,
    duration: 'long',
    read(cursor, handle) {
      const area = readPublicArea(takeSized(cursor));
      takeSized(cursor); // creationData
      takeSized(cursor); // creationHash
      takeU16(cursor); // creationTicket: TPMT_TK_CREATION
      takeU32(cursor);
      takeSized(cursor);
      takeSized(cursor); // name: it is computed here
      return { handle, name: nameOf(area), area };
    },
  };
}
