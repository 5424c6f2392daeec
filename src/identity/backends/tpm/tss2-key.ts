import { Problem } from '../../problem.ts';
import {
  constructed,
  damaged,
  type Element,
  expectTag,
  integerOf,
  objectIdentifierOf,
  octetStringOf,
  onlyElement,
  paddedElement,
  sequenceOf,
  tags,
  take,
  takeIf,
} from '../../x509/der.ts';
import { cursorOver, expectEnd, takeSized } from './tpm2/codec.ts';
import { type PublicArea, readSizedPublic } from './tpm2/public-area.ts';

/** One command of a policy. */
export interface PolicyStep {
  /** TPM_CC */
  readonly code: number;
  /** The command's parameters after the session's handle. */
  readonly parameters: Uint8Array;
}

/** A TSS2 PRIVATE KEY (draft-bottomley-tpm2-keys, section "TPMkey Syntax"). */
export interface Tss2Key {
  /** Says that the key has no password. Tools differ in how they write it. */
  readonly emptyAuth: boolean;
  readonly policy: readonly PolicyStep[];
  /** A persistent handle, or a hierarchy that stands for its primary key. */
  readonly parent: number;
  /** The primary key of a hierarchy is the RSA one. */
  readonly rsaParent: boolean;
  readonly area: PublicArea;
  /** TPM2B_PRIVATE: for TPM2_Load, or wrapped for TPM2_Import where there is a secret. */
  readonly privateKey: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET of an importable key. */
  readonly importSecret: Uint8Array | undefined;
}

const keyTypes = {
  loadable: '2.23.133.10.1.3',
  importable: '2.23.133.10.1.4',
  sealed: '2.23.133.10.1.5',
} as const;

/** Optional fields by the number of their tag; what later versions of the draft add has numbers above. */
const fields = { emptyAuth: 0, policy: 1, secret: 2, authPolicy: 3, description: 4, rsaParent: 5 } as const;
const lastTag = 30;

const pem = /-----BEGIN TSS2 PRIVATE KEY-----([A-Za-z0-9+/=\s]*)-----END TSS2 PRIVATE KEY-----/;

/**
 * Reads a TSS2 PRIVATE KEY: PEM, with anything around it, or DER.
 *
 * @throws Problem with TPM_KEY_INVALID or TPM_KEY_UNSUPPORTED
 */
export function readTss2Key(bytes: Uint8Array): Tss2Key {
  const text = pem.exec(Buffer.from(bytes).toString('latin1'))?.[1];
  if (text === undefined && bytes[0] !== tags.sequence)
    throw new Problem('holds no TSS2 PRIVATE KEY', 'TPM_KEY_INVALID');
  try {
    return parseKey(text === undefined ? bytes : Buffer.from(text, 'base64'));
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== undefined) throw error;
    throw new Problem(error.message, 'TPM_KEY_INVALID', error.details);
  }
}

function parseKey(der: Uint8Array): Tss2Key {
  const elements = sequenceOf(paddedElement(der));
  const importable = isImportable(objectIdentifierOf(elements.shift()));
  const optional = takeOptional(elements);
  const secret = optional.get(fields.secret);
  if (importable !== (secret !== undefined)) {
    throw damaged(importable ? 'an importable key lacks its secret' : 'a loadable key has an import secret');
  }
  const parent = parentOf(elements.shift());
  const area = readSizedPublic(octetStringOf(elements.shift()));
  const privateKey = sizedBuffer(octetStringOf(elements.shift()));
  if (elements.length > 0) throw damaged('fields follow the private key');
  return {
    emptyAuth: isTrue(optional.get(fields.emptyAuth)),
    policy: policyOf(optional.get(fields.policy)),
    parent,
    rsaParent: isTrue(optional.get(fields.rsaParent)),
    area,
    privateKey,
    importSecret: secret === undefined ? undefined : sizedBuffer(octetStringOf(secret)),
  };
}

function isImportable(type: string): boolean {
  if (type === keyTypes.importable) return true;
  if (type === keyTypes.loadable) return false;
  if (type === keyTypes.sealed) throw new Problem('holds sealed data, not a key', 'TPM_KEY_UNSUPPORTED');
  throw new Problem(`is of type ${type}, which is no TPM key`, 'TPM_KEY_UNSUPPORTED');
}

/** The explicitly tagged fields, by number: what is inside the tag. Unknown numbers are left to later versions. */
function takeOptional(elements: Element[]): Map<number, Element> {
  const found = new Map<number, Element>();
  for (let number = 0; number <= lastTag; number += 1) {
    const field = takeIf(elements, constructed(number));
    if (field !== undefined) found.set(number, onlyElement(field.contents));
  }
  return found;
}

/** DER's true is FF; some tools write 01. */
function isTrue(element: Element | undefined): boolean {
  return element !== undefined && expectTag(element, tags.boolean).contents.some((octet) => octet !== 0);
}

/** Some writers took the handle for a signed number and left out the zero in front. */
function parentOf(element: Element | undefined): number {
  const value = integerOf(element);
  if (value < -0x8000_0000n || value > 0xffff_ffffn) throw damaged('its parent is no handle');
  return Number(BigInt.asUintN(32, value));
}

/** TPMPolicy ::= SEQUENCE { commandCode [0] INTEGER, commandPolicy [1] OCTET STRING } */
function policyOf(element: Element | undefined): PolicyStep[] {
  if (element === undefined) return [];
  return sequenceOf(element).map((step) => {
    const parts = sequenceOf(step);
    const code = integerOf(onlyElement(take(parts, constructed(0)).contents));
    const parameters = octetStringOf(onlyElement(take(parts, constructed(1)).contents));
    if (code < 0n || code > 0xffff_ffffn) throw damaged('a policy has an impossible command');
    return { code: Number(code), parameters };
  });
}

/** A TPM2B_…, whose size must be right. */
function sizedBuffer(bytes: Uint8Array): Uint8Array {
  const cursor = cursorOver(bytes);
  takeSized(cursor);
  expectEnd(cursor);
  return bytes;
}
