import { RolesAnywhereError, type ErrorCode } from '../../../core/errors.ts';
import { getProperties, tpmProperties } from './tpm2/commands.ts';
import type { TpmConnection } from './tpm2/connection.ts';
import { TpmRefusal } from './tpm2/command.ts';
import { responseCodes as codes } from './tpm2/response-code.ts';
import { PasswordRefused } from './tpm-password.ts';

/** What to say of a refusal instead of the bare response code. */
interface Explanation {
  /** Any command where it is not given. */
  readonly command?: string;
  readonly names: readonly string[];
  readonly code: ErrorCode;
  /** What follows the origin of the key. */
  readonly message: string;
  readonly hints?: readonly string[];
}

const explanations: readonly Explanation[] = [
  {
    command: 'TPM2_Load',
    names: [codes.integrity, codes.size, codes.insufficient],
    code: 'TPM_KEY_INVALID',
    message: 'the key cannot be loaded: it belongs to another parent or to another TPM',
    hints: ['a key file works only in the TPM that made it, under the parent that it names'],
  },
  {
    command: 'TPM2_Import',
    names: [codes.integrity, codes.value, codes.size, codes.insufficient, codes.eccPoint],
    code: 'TPM_KEY_INVALID',
    message: 'the key cannot be imported: it was wrapped for another parent or another TPM',
  },
  {
    command: 'TPM2_ReadPublic',
    names: [codes.handle, codes.value],
    code: 'TPM_KEY_INVALID',
    message: 'there is no such handle in this TPM',
    hints: ['tpm2_getcap handles-persistent lists those that there are'],
  },
  {
    command: 'TPM2_PolicyPCR',
    names: [codes.value],
    code: 'TPM_POLICY_FAILED',
    message: 'the PCRs of this machine are not those that the policy of the key asks for',
    hints: ['tpm2_pcrread shows what they are; they change with firmware, boot loader and kernel'],
  },
  {
    names: [codes.policyFail, codes.policyCommand, codes.pcrChanged],
    code: 'TPM_POLICY_FAILED',
    message: 'the policy of the key is not satisfied',
  },
  {
    names: [codes.authUnavailable, codes.authType],
    code: 'TPM_POLICY_UNSUPPORTED',
    message: 'the key cannot be used by password, only by a policy that is not known',
  },
  {
    names: [codes.objectMemory, codes.objectHandles],
    code: 'TPM_BUSY',
    message: 'the TPM has no slot free: other programs left theirs full',
    hints: ['tpm2_flushcontext --transient-object frees them; with /dev/tpmrm0 this does not happen'],
  },
  {
    names: [codes.hash, codes.scheme, codes.curve, codes.keySize],
    code: 'TPM_KEY_UNSUPPORTED',
    message: 'the TPM cannot use the key in this way',
  },
  {
    command: 'TPM2_CreatePrimary',
    names: [codes.hierarchy],
    code: 'TPM_KEY_INVALID',
    message: 'the hierarchy of the key is disabled in this TPM',
  },
];

const passwordRefusals: ReadonlySet<string> = new Set([codes.authFail, codes.badAuth]);

/**
 * Makes of a refusal what the user has to know; other errors pass. The connection is asked for the state of the lockout.
 *
 * @param origin how messages name the key
 */
export async function explainRefusal(error: unknown, tpm: TpmConnection, origin: string): Promise<unknown> {
  if (!(error instanceof TpmRefusal)) return error;
  const { name } = error.code;
  if (name === codes.lockout) return lockedOut(error, tpm);
  if (passwordRefusals.has(name)) {
    const owner = error.command === 'TPM2_Sign' ? 'key' : 'parent';
    return new PasswordRefused(owner, await triesLeft(error, tpm), error);
  }
  const found = explanations.find(
    ({ command, names }) => names.includes(name) && (command === undefined || command === error.command),
  );
  if (found === undefined) return new RolesAnywhereError('TPM_FAILED', `${origin}: ${error.message}`, { cause: error });
  const { code, message, hints = [] } = found;
  return new RolesAnywhereError(code, `${origin}: ${message}`, { cause: error, hints: [...hints, error.message] });
}

/** Only TPM_RC_AUTH_FAIL counts; keys with noDA and hierarchies answer TPM_RC_BAD_AUTH (part 1, "Dictionary attack protection"). */
async function triesLeft(error: TpmRefusal, tpm: TpmConnection): Promise<number | undefined> {
  if (error.code.name !== codes.authFail) return undefined;
  const { failures, most } = await lockoutState(tpm);
  return failures === undefined || most === undefined ? undefined : Math.max(0, most - failures);
}

async function lockedOut(error: TpmRefusal, tpm: TpmConnection): Promise<RolesAnywhereError> {
  const { interval } = await lockoutState(tpm);
  const wait = interval === undefined ? 'or wait' : `or wait: it forgives one wrong password every ${interval} s`;
  return new RolesAnywhereError('TPM_LOCKED_OUT', `${tpm.name} is locked: too many wrong passwords were given`, {
    cause: error,
    hints: [`tpm2_dictionarylockout --clear-lockout unlocks it, with --auth where a lockout password is set; ${wait}`],
  });
}

export interface LockoutState {
  readonly failures?: number | undefined;
  readonly most?: number | undefined;
  /** Seconds. */
  readonly interval?: number | undefined;
}

/** Nice to know, and no reason to fail. */
export async function lockoutState(tpm: TpmConnection): Promise<LockoutState> {
  try {
    const values = new Map(await tpm.run(getProperties(tpmProperties.lockoutCounter, 3)));
    return {
      failures: values.get(tpmProperties.lockoutCounter),
      most: values.get(tpmProperties.maxAuthFail),
      interval: values.get(tpmProperties.lockoutInterval),
    };
  } catch {
    return {};
  }
}
