import { RolesAnywhereError } from '../core/errors.ts';
import { decodeCrl } from '../trust/x509/read-revocation-list.ts';
import { anchorCrlViolations, type CrlRule } from '../trust/x509/revocation.ts';
import { type ImportedCrl, type Registry, rolesAnywhereArn, type TrustAnchor } from './registry.ts';

/** A CRL to import, as ImportCrl takes it. */
export interface CrlOptions {
  /** Makes its ARN. */
  readonly name: string;
  /** PEM. */
  readonly crl: string;
  /** That of the sandbox when not given. */
  readonly trustAnchorArn?: string;
}

/** Time passes over a list that was in order once. What it lists stays revoked. */
const noFaultAtImport: ReadonlySet<CrlRule> = new Set(['expired', 'not-yet-valid']);

/**
 * Imports a CRL for a trust anchor. What of it the service looks at is not published: here everything is refused that
 * would keep the list from having an effect, but for its age.
 *
 * @returns its ARN
 * @throws RolesAnywhereError OPTION_INVALID, CERTIFICATE_INVALID
 */
export async function importCrl(
  registry: Registry,
  { name, crl, trustAnchorArn }: Required<CrlOptions>,
  now: Date,
): Promise<string> {
  const anchor = registry.trustAnchors.get(trustAnchorArn);
  if (anchor === undefined) throw invalid(`there is no trust anchor ${trustAnchorArn}`);
  const arn = rolesAnywhereArn(registry.place, 'crl', name);
  const list = decodeCrl(crl);
  const before = [...registry.crls.values()].filter((one) => one.trustAnchorArn === trustAnchorArn && one.arn !== arn);
  const lists = [...before.map((one) => one.list), list];
  const found = await anchorCrlViolations(lists, { issuers: anchor.certificates, now });
  const fault = found.find((one) => one.crl === list && !noFaultAtImport.has(one.rule));
  if (fault !== undefined) throw invalid(fault.reason);
  registry.crls.set(arn, { arn, trustAnchorArn, list });
  return arn;
}

/** Those of a trust anchor that are switched on. */
export function enabledCrls({ crls, disabled }: Registry, anchor: TrustAnchor): readonly ImportedCrl['list'][] {
  return [...crls.values()]
    .filter(({ arn, trustAnchorArn }) => trustAnchorArn === anchor.arn && !disabled.has(arn))
    .map(({ list }) => list);
}

function invalid(message: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message);
}
