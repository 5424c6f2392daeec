/**
 * NIST's path validation tests against ours, all 224 of them. `pkits.md` beside this file has the table: what NIST says,
 * what we say and by which rule. Where the two differ, `argued` says why.
 */
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { findPath } from '../../../src/trust/x509/certificate-path.ts';
import { decodeCertificate } from '../../../src/trust/x509/read-certificate.ts';
import { decodeCrl } from '../../../src/trust/x509/read-revocation-list.ts';
import { checkRevocation } from '../../../src/trust/x509/revocation.ts';
import { isPkitsInstalled, pkitsAnchor, type PkitsTest, pkitsTests } from '../../support/pkits.ts';
import { judge } from '../../support/programs.ts';

/** Within the validity of everything that is to be valid: 2010 to 2030. */
const now = new Date('2020-01-01T00:00:00Z');

/** Why a verdict of ours may be another than NIST's. */
const argued: readonly (readonly [tests: RegExp, why: string])[] = [
  [
    /Polic|Qualifier/,
    'certificate policies are not evaluated: Roles Anywhere names none, and `openssl verify` asks for none',
  ],
  [/^Valid DSA /, 'Roles Anywhere takes no DSA keys'],
  [
    /^Valid (?:IDP with indirectCRL|cRLIssuer) /,
    'indirect CRLs are refused: a CRL is imported for one trust anchor, and speaks for its issuer',
  ],
  [
    /^Valid (?:distributionPoint|onlyContains\w+ CRL|onlySomeReasons) /,
    'a CRL that covers a part of what its issuer revoked is refused: it cannot say that something is not revoked',
  ],
  [/delta-CRL Test[45]$/, 'delta CRLs are refused, and what the complete one says is what holds'],
  [
    /^Valid (?:Basic Self-Issued (?:New With Old Test4|CRL Signing)|Separate Certificate and CRL Keys)/,
    'a CRL has to be signed by a key of the path: the service knows no other of the issuer',
  ],
];

/** `accepted`, or the rules that were not kept. */
async function ourVerdict({ leaf, chain, crls }: PkitsTest): Promise<string> {
  try {
    const anchors = [decodeCertificate(pkitsAnchor())];
    const given = { leaf: decodeCertificate(leaf), chain: chain.map((der) => decodeCertificate(der)) };
    const result = await findPath({ ...given, anchors, now });
    if ('problem' in result) return rules(result.violations);
    const found = await checkRevocation({ path: result.path, crls: crls.map((der) => decodeCrl(der)), now });
    if (found.revoked !== undefined) return `revoked (${found.revoked.reason})`;
    if (found.violations.length > 0) return `CRL: ${rules(found.violations)}`;
    // NIST wants every certificate to be looked up in a CRL.
    return found.unchecked.length === 0 ? 'accepted' : 'CRL: none';
  } catch (error) {
    if (error instanceof RolesAnywhereError && error.code === 'CERTIFICATE_INVALID') return 'malformed';
    throw error;
  }
}

function rules(violations: readonly { readonly rule: string }[]): string {
  return [...new Set(violations.map(({ rule }) => rule))].join(', ');
}

/** NIST's verdict stands in the name; where none does, it depends on the policies that an application asks for. */
function nistVerdict(name: string): 'valid' | 'invalid' | 'by policy' {
  if (/^Invalid|^Missing CRL/.test(name)) return 'invalid';
  return name.startsWith('Valid') ? 'valid' : 'by policy';
}

describe('NIST PKITS', judge('python3-cryptography-vectors', isPkitsInstalled), () => {
  test('every verdict is NIST’s, or argued', async () => {
    const rows: string[] = [];
    const unexplained: string[] = [];
    for (const one of pkitsTests()) {
      const [nist, ours] = [nistVerdict(one.name), await ourVerdict(one)];
      const agrees = nist !== 'by policy' && (nist === 'valid') === (ours === 'accepted');
      const why = agrees ? 'agreed' : argued.find(([tests]) => tests.test(one.name))?.[1];
      if (why === undefined) unexplained.push(`${one.name}: NIST ${nist}, ours ${ours}`);
      rows.push(`| ${one.name} | ${nist} | ${ours} | ${why ?? 'not explained'} |`);
    }
    expect(unexplained).toEqual([]);
    expect(rows).toHaveLength(224);
    const agreed = rows.filter((row) => row.endsWith('| agreed |')).length;
    await expect(table(rows, agreed)).toMatchFileSnapshot('pkits.md');
  });
});

function table(rows: readonly string[], agreed: number): string {
  return `# NIST PKITS (2011): our verdicts beside NIST's

Written by \`pkits.test.ts\`. Of ${rows.length} tests, ${agreed} agree and ${rows.length - agreed} are argued. A certificate
that no CRL speaks of is refused here, as NIST wants it; Roles Anywhere asks for no CRL.

| test | NIST | ours | why |
|---|---|---|---|
${rows.join('\n')}
`;
}
