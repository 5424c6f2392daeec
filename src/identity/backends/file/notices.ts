import type { ByteSource } from '../../identity.ts';
import { locationOf } from '../sources.ts';
import type { CertificateContents } from './file-contents.ts';

/** What files give cause to say beside their use, in words; loaded where there is something to say. */

export function exposed(source: ByteSource & { readonly kind: 'file' }, mode: number): string {
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  return `${locationOf(source)} holds a private key that others may read (mode ${bits}): chmod 600 ${source.path}`;
}

/** Of intermediates that issued nothing. A damaged one may be the one that is missing. */
export function strangers(source: ByteSource, { damaged }: CertificateContents): string {
  const also = damaged.map(({ problem }) => `, and ${problem.message}`).join('');
  return `${locationOf(source)} holds none of the certificates that issued the leaf${also}`;
}

/** Of damaged certificates: a line for each. */
export function passedOver(source: ByteSource, { damaged }: CertificateContents): readonly string[] {
  return damaged.map(({ problem }) => `${locationOf(source)} ${problem.message}; it is passed over`);
}
