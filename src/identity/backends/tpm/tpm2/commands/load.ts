import { damaged, equalBytes } from '../../../../x509/der.ts';
import { takeSized } from '../codec.ts';
import type { Entity, TpmCommand } from '../command.ts';
import { nameOf, type PublicArea, sizedPublic } from '../public-area.ts';

/**
 * TPM2_Load (TPM 2.0 Library, part 3, section 12.2).
 *
 * @param inPrivate TPM2B_PRIVATE
 */
export function load(parent: Entity, inPrivate: Uint8Array, area: PublicArea): TpmCommand<Entity> {
  const name = nameOf(area);
  return {
    name: 'TPM2_Load',
    code: 0x157,
    handles: [parent],
    parameters: Buffer.concat([inPrivate, sizedPublic(area)]),
    encryptable: { command: true, answer: true },
    loads: true,
    duration: 'medium',
    read(cursor, handle) {
      if (!equalBytes(takeSized(cursor), name)) throw damaged('it names another key');
      return { handle, name };
    },
  };
}
