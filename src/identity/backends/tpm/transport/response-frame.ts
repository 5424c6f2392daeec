import { damaged } from '../../../x509/der.ts';

/** Tag, size and response code. */
const headerSize = 10;
/** More than TPM_PT_MAX_RESPONSE_SIZE of any TPM; the kernel's buffer is as large. */
export const maxResponseSize = 4096;

/**
 * Puts an answer together from the pieces it comes in. The returned function takes a piece and gives the answer once it is
 * whole (TPM 2.0 Library, part 1, chapter "Command/Response structure").
 */
export function collectResponse(): (piece: Uint8Array) => Uint8Array | undefined {
  let collected: Uint8Array = new Uint8Array();
  return (piece) => {
    collected = Buffer.concat([collected, piece]);
    if (collected.length < headerSize) return undefined;
    const size = new DataView(collected.buffer, collected.byteOffset).getUint32(2);
    if (size < headerSize || size > maxResponseSize) throw damaged(`it gives its size as ${size} bytes`);
    if (collected.length > size) throw damaged(`${collected.length - size} bytes follow its end`);
    return collected.length === size ? collected : undefined;
  };
}
