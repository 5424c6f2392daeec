import {
  type DerElement,
  derTag,
  Fields,
  isTrue,
  malformed,
  readInside,
  readObjectIdentifier,
  readOnly,
} from './der.ts';

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Of a certificate, a CRL or an entry of one, by object identifier. */
export type Extensions = ReadonlyMap<string, Extension>;

/**
 * Reads `Extensions` (RFC 5280, section 4.1); none may come twice (section 4.2).
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readExtensions(list: DerElement | undefined): Extensions {
  const extensions = new Map<string, Extension>();
  for (const element of list === undefined ? [] : readInside(list)) {
    const parts = new Fields(readInside(element));
    const oid = readObjectIdentifier(parts.next(derTag.objectIdentifier));
    const critical = isTrue(parts.optional(derTag.boolean));
    if (extensions.has(oid)) throw malformed(`it has the extension ${oid} twice`);
    extensions.set(oid, { critical, value: parts.next(derTag.octetString).content });
    parts.end();
  }
  return extensions;
}

/** `[number] EXPLICIT Extensions`, as certificates and CRLs have them. */
export function explicitExtensions(field: DerElement | undefined): Extensions {
  return readExtensions(field === undefined ? undefined : readOnly(field.content));
}

/** The object identifiers of those that are critical, and that nobody here honours. */
export function unknownCritical(extensions: Extensions, known: ReadonlySet<string>): string[] {
  return [...extensions].filter(([oid, { critical }]) => critical && !known.has(oid)).map(([oid]) => oid);
}
