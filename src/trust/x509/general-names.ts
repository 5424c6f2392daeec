import type { GeneralNames } from './certificate.ts';
import { type DerElement, outer, plain, readOnly } from './der.ts';
import { readName } from './distinguished-name.ts';

export const noNames: GeneralNames = { dns: [], uri: [], directory: [], email: [], ip: [], others: [] };

/** rfc822Name [1], dNSName [2], directoryName [4] EXPLICIT Name, uniformResourceIdentifier [6], iPAddress [7] */
const tags = { email: plain(1), dns: plain(2), directory: outer(4), uri: plain(6), ip: plain(7) } as const;
const known: ReadonlySet<number> = new Set(Object.values(tags));

/**
 * Sorts GeneralNames by their kind (RFC 5280, section 4.2.1.6).
 * @throws RolesAnywhereError CERTIFICATE_INVALID
 */
export function readGeneralNames(names: readonly DerElement[]): GeneralNames {
  const withTag = (tag: number): readonly Uint8Array[] =>
    names.filter((name) => name.tag === tag).map(({ content }) => content);
  const texts = (tag: number): string[] => withTag(tag).map((content) => Buffer.from(content).toString('latin1'));
  return {
    dns: texts(tags.dns),
    uri: texts(tags.uri),
    directory: withTag(tags.directory).map((content) => readName(readOnly(content))),
    email: texts(tags.email),
    ip: withTag(tags.ip),
    others: names.filter(({ tag }) => !known.has(tag)).map(({ tag }) => tag),
  };
}
