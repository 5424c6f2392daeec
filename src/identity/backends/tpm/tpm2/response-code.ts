import { formatOneCodes, formatZeroCodes, warningCodes, type CodeEntry } from './response-names.ts';

/** A response code taken apart (TPM 2.0 Library, part 2, section 6.6). */
export interface ResponseCode {
  /** As the TPM sent it. */
  readonly value: number;
  /** `TPM_RC_AUTH_FAIL`, without what it is about. */
  readonly name: string;
  /** In words: the end of a sentence. */
  readonly meaning: string;
  /** `session 1`, `handle 1`, `parameter 2`; undefined where the code does not say. */
  readonly about: string | undefined;
}

/** Response codes that this package acts on. Those of format 1 stand without handle, parameter or session. */
export const responseCodes = {
  initialize: 'TPM_RC_INITIALIZE',
  authFail: 'TPM_RC_AUTH_FAIL',
  badAuth: 'TPM_RC_BAD_AUTH',
  lockout: 'TPM_RC_LOCKOUT',
  retry: 'TPM_RC_RETRY',
  yielded: 'TPM_RC_YIELDED',
  testing: 'TPM_RC_TESTING',
  handle: 'TPM_RC_HANDLE',
  value: 'TPM_RC_VALUE',
  size: 'TPM_RC_SIZE',
  insufficient: 'TPM_RC_INSUFFICIENT',
  eccPoint: 'TPM_RC_ECC_POINT',
  integrity: 'TPM_RC_INTEGRITY',
  policyFail: 'TPM_RC_POLICY_FAIL',
  policyCommand: 'TPM_RC_POLICY_CC',
  pcrChanged: 'TPM_RC_PCR_CHANGED',
  authUnavailable: 'TPM_RC_AUTH_UNAVAILABLE',
  authType: 'TPM_RC_AUTH_TYPE',
  objectMemory: 'TPM_RC_OBJECT_MEMORY',
  objectHandles: 'TPM_RC_OBJECT_HANDLES',
  hash: 'TPM_RC_HASH',
  scheme: 'TPM_RC_SCHEME',
  curve: 'TPM_RC_CURVE',
  keySize: 'TPM_RC_KEY_SIZE',
  hierarchy: 'TPM_RC_HIERARCHY',
} as const;

const formatOne = 0x080;
const formatOneParameter = 0x040;
const version2 = 0x100;
const vendor = 0x400;
const warning = 0x800;

/** Bits above the TPM's own: the layer of the TPM software stack that answered in its place. */
const layerShift = 16;
const layers: Readonly<Record<number, string>> = { 11: 'the resource manager', 12: 'the resource manager' };

export function decodeResponseCode(value: number): ResponseCode {
  const code = value & 0xffff;
  const layer = value >>> layerShift;
  const { name, meaning } = entryOf(code);
  const about = layer === 0 ? subjectOf(code) : `from ${layers[layer] ?? `software layer ${layer}`}`;
  return { value, name, meaning, about };
}

function entryOf(code: number): CodeEntry {
  if (code >>> 12 !== 0) return unknownEntry(code);
  if ((code & formatOne) !== 0) return formatOneCodes[code & 0x3f] ?? unknownEntry(code);
  if ((code & version2) === 0)
    return { name: `TPM 1.2 code ${hex(code)}`, meaning: 'it is a TPM 1.2, or behaves as one' };
  if ((code & vendor) !== 0)
    return { name: `vendor code ${hex(code)}`, meaning: 'its manufacturer alone knows what that means' };
  const table = (code & warning) === 0 ? formatZeroCodes : warningCodes;
  return table[code & 0x7f] ?? unknownEntry(code);
}

/** Bits 8 to 11 of format 1: a parameter's number, or a handle's, or, from 8 on, a session's (part 2, table 16). */
function subjectOf(code: number): string | undefined {
  if ((code & formatOne) === 0) return undefined;
  const number = (code >>> 8) & 0xf;
  if ((code & formatOneParameter) !== 0) return number === 0 ? undefined : `parameter ${number}`;
  if ((number & 7) === 0) return undefined;
  return number > 8 ? `session ${number - 8}` : `handle ${number}`;
}

function unknownEntry(code: number): CodeEntry {
  return { name: `response code ${hex(code)}`, meaning: 'the specification has no such code' };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(3, '0')}`;
}

/** `TPM_RC_AUTH_FAIL (0x98e, session 1): the password is wrong, and the failure was counted` */
export function describeResponseCode({ value, name, meaning, about }: ResponseCode): string {
  return `${name} (${[hex(value), about].filter((part) => part !== undefined).join(', ')}): ${meaning}`;
}
