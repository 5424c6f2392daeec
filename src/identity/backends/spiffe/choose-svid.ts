import { RolesAnywhereError } from '../../../core/errors.ts';
import { oneLine } from '../../../core/one-line.ts';
import type { SpiffeSettings } from '../../identity.ts';
import type { Svid } from './svid.ts';

/**
 * The SVID that is meant: the only one there is, or the one with the ID and the hint that were asked for. Of several
 * with one hint the first is meant (SPIFFE Workload API, section 5.2.1); of several that nobody chose from, none, as a
 * server that lists them in another order one day would make another principal of this process.
 *
 * @param place how messages name the Workload API
 * @throws RolesAnywhereError SPIFFE_NOT_FOUND, SPIFFE_AMBIGUOUS
 */
export function chooseSvid(svids: readonly Svid[], { id, hint }: SpiffeSettings, place: string): Svid {
  const found = svids.filter(
    (svid) => (id === undefined || svid.id === id.text) && (hint === undefined || svid.hint === hint.text),
  );
  const [first] = found;
  if (first === undefined) {
    const asked = [id, hint].flatMap((one) => (one === undefined ? [] : [`${one.option} ${oneLine(one.text, 200)}`]));
    throw new RolesAnywhereError('SPIFFE_NOT_FOUND', `${place} gives no X.509-SVID of ${asked.join(' and ')}`, {
      hints: [`it gives ${listed(svids)}`],
    });
  }
  if (found.length === 1 || hint !== undefined) return first;
  throw new RolesAnywhereError('SPIFFE_AMBIGUOUS', `${place} gives ${found.length} X.509-SVIDs`, {
    hints: [`choose one by --spiffe-id or --spiffe-hint: ${listed(found)}`],
  });
}

const mostListed = 10;

function listed(svids: readonly Svid[]): string {
  const names = svids.slice(0, mostListed).map(({ id, hint }) => (hint === '' ? id : `${id} (${oneLine(hint, 40)})`));
  return [...names, ...(svids.length > mostListed ? ['…'] : [])].join(', ');
}
