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

/** Bits above the TPM's own: the layer of the TPM software stack that answered instead. */
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

/** Name of the specification, and its meaning as the end of a sentence. */
interface CodeEntry {
  readonly name: string;
  readonly meaning: string;
}

type Table = Readonly<Record<number, CodeEntry>>;

function table(rows: readonly (readonly [number, string, string])[]): Table {
  return Object.fromEntries(rows.map(([code, name, meaning]) => [code, { name: `TPM_RC_${name}`, meaning }]));
}

/** Format 0, RC_VER1 (TPM 2.0 Library, part 2, table 17): the command as a whole failed. */
const formatZeroCodes: Table = table([
  [0x00, 'INITIALIZE', 'the TPM was not started after its reset (TPM2_Startup)'],
  [0x01, 'FAILURE', 'the TPM failed its self-test and works no more until it is reset'],
  [0x03, 'SEQUENCE', 'a sequence of commands was used the wrong way'],
  [0x0b, 'PRIVATE', 'the private part is not of this kind'],
  [0x19, 'HMAC', 'the HMAC sequence is wrong'],
  [0x20, 'DISABLED', 'the command is disabled'],
  [0x21, 'EXCLUSIVE', 'an exclusive audit session is under way'],
  [0x24, 'AUTH_TYPE', 'the key does not allow this way to authorize'],
  [0x25, 'AUTH_MISSING', 'the command needs an authorization'],
  [0x26, 'POLICY', 'a policy command does not fit the session'],
  [0x27, 'PCR', 'the PCR check failed'],
  [0x28, 'PCR_CHANGED', 'the PCRs changed while the policy was being satisfied'],
  [0x2d, 'UPGRADE', 'the TPM is in the middle of a firmware upgrade'],
  [0x2e, 'TOO_MANY_CONTEXTS', 'no saved context fits any more'],
  [0x2f, 'AUTH_UNAVAILABLE', 'the key cannot be used by password, only by its policy'],
  [0x30, 'REBOOT', 'the machine must be restarted before the TPM works again'],
  [0x31, 'UNBALANCED', 'hash and cipher are of different strength'],
  [0x42, 'COMMAND_SIZE', 'the size of the command is wrong'],
  [0x43, 'COMMAND_CODE', 'the TPM does not have this command'],
  [0x44, 'AUTHSIZE', 'the size of the authorization is wrong'],
  [0x45, 'AUTH_CONTEXT', 'the command takes no authorization'],
  [0x46, 'NV_RANGE', 'the range is outside of the NV index'],
  [0x47, 'NV_SIZE', 'the size does not fit the NV index'],
  [0x48, 'NV_LOCKED', 'the NV index is locked'],
  [0x49, 'NV_AUTHORIZATION', 'the NV index refuses this authorization'],
  [0x4a, 'NV_UNINITIALIZED', 'the NV index was not written yet'],
  [0x4b, 'NV_SPACE', 'the non-volatile memory of the TPM is full'],
  [0x4c, 'NV_DEFINED', 'the NV index or persistent object exists already'],
  [0x50, 'BAD_CONTEXT', 'the saved context is damaged'],
  [0x51, 'CPHASH', 'the policy allows another command'],
  [0x52, 'PARENT', 'the parent cannot be a parent'],
  [0x53, 'NEEDS_TEST', 'the TPM needs a self-test first'],
  [0x54, 'NO_RESULT', 'there is no result'],
  [0x55, 'SENSITIVE', 'the private part cannot be read'],
]);

/** Format 0, RC_WARN (part 2, table 17): the command may do better later. */
const warningCodes: Table = table([
  [0x01, 'CONTEXT_GAP', 'a saved session is too old'],
  [0x02, 'OBJECT_MEMORY', 'no slot for another object is free'],
  [0x03, 'SESSION_MEMORY', 'no slot for another session is free'],
  [0x04, 'MEMORY', 'the TPM is out of memory'],
  [0x05, 'SESSION_HANDLES', 'no handle for another session is free'],
  [0x06, 'OBJECT_HANDLES', 'no handle for another object is free'],
  [0x07, 'LOCALITY', 'the command is not allowed from here'],
  [0x08, 'YIELDED', 'the TPM interrupted the command'],
  [0x09, 'CANCELED', 'the command was cancelled'],
  [0x0a, 'TESTING', 'the TPM is testing itself'],
  ...Array.from({ length: 7 }, (_, index): [number, string, string] => [
    0x10 + index,
    `REFERENCE_H${index}`,
    `handle ${index + 1} is not loaded`,
  ]),
  ...Array.from({ length: 7 }, (_, index): [number, string, string] => [
    0x18 + index,
    `REFERENCE_S${index}`,
    `session ${index + 1} is not loaded`,
  ]),
  [0x20, 'NV_RATE', 'the TPM delays writes to its memory'],
  [0x21, 'LOCKOUT', 'too many wrong passwords were given, and the TPM refuses them all for a time'],
  [0x22, 'RETRY', 'the TPM was busy'],
  [0x23, 'NV_UNAVAILABLE', 'the memory of the TPM cannot be written now'],
  [0x7f, 'NOT_USED', 'a reserved code'],
]);

/** Format 1 (part 2, table 18): one handle, parameter or session is at fault. */
const formatOneCodes: Table = table([
  [0x01, 'ASYMMETRIC', 'the TPM does not know this kind of key'],
  [0x02, 'ATTRIBUTES', 'the attributes of the key do not fit'],
  [0x03, 'HASH', 'the TPM does not know this hash, or the key does not allow it'],
  [0x04, 'VALUE', 'a value is out of range or does not fit'],
  [0x05, 'HIERARCHY', 'the hierarchy is disabled or the wrong one'],
  [0x07, 'KEY_SIZE', 'the TPM does not know this key size'],
  [0x08, 'MGF', 'the TPM does not know this mask generation function'],
  [0x09, 'MODE', 'the TPM does not know this mode'],
  [0x0a, 'TYPE', 'the type does not fit'],
  [0x0b, 'HANDLE', 'there is nothing at this handle'],
  [0x0c, 'KDF', 'the TPM does not know this key derivation'],
  [0x0d, 'RANGE', 'a value is out of range'],
  [0x0e, 'AUTH_FAIL', 'the password is wrong, and the failure was counted'],
  [0x0f, 'NONCE', 'the nonce is wrong'],
  [0x10, 'PP', 'somebody must confirm it at the machine'],
  [0x12, 'SCHEME', 'the key does not allow this signature scheme'],
  [0x15, 'SIZE', 'a size does not fit'],
  [0x16, 'SYMMETRIC', 'the TPM does not know this cipher'],
  [0x17, 'TAG', 'a structure is of the wrong kind'],
  [0x18, 'SELECTOR', 'a union has the wrong selector'],
  [0x1a, 'INSUFFICIENT', 'the command is too short'],
  [0x1b, 'SIGNATURE', 'a signature is wrong'],
  [0x1c, 'KEY', 'the key does not fit'],
  [0x1d, 'POLICY_FAIL', 'the policy of the key is not satisfied'],
  [0x1f, 'INTEGRITY', 'the integrity check failed'],
  [0x20, 'TICKET', 'a ticket is wrong'],
  [0x21, 'RESERVED_BITS', 'reserved bits are set'],
  [0x22, 'BAD_AUTH', 'the password is wrong'],
  [0x23, 'EXPIRED', 'the policy has expired'],
  [0x24, 'POLICY_CC', 'the policy allows another command'],
  [0x25, 'BINDING', 'public and private part do not belong together'],
  [0x26, 'CURVE', 'the TPM does not know this curve'],
  [0x27, 'ECC_POINT', 'the point is not on the curve'],
]);
