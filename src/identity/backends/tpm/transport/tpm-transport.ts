import { systemCodeOf } from '../../../../core/errno.ts';
import { RolesAnywhereError } from '../../../../core/errors.ts';
import { Problem } from '../../../problem.ts';
import { damaged } from '../../../x509/der.ts';

/**
 * A way to a TPM: whole commands there, whole answers back, one after the other.
 *
 * After a failed `send` nothing is known of what the TPM is doing; the transport can only be closed.
 */
export interface TpmTransport {
  /** How messages name it: `/dev/tpmrm0`, `swtpm at localhost:2321`. */
  readonly name: string;
  /** True where closing flushes whatever we left in the TPM: the kernel's resource manager. */
  readonly managed: boolean;
  /** @throws RolesAnywhereError TPM_UNREACHABLE, TPM_BUSY when no answer comes in time, TPM_FAILED for one of an impossible size */
  send(command: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Tag, size and response code. */
const headerSize = 10;
/** More than TPM_PT_MAX_RESPONSE_SIZE of any TPM; the kernel's buffer is as large. */
export const maxResponseSize = 4096;

/**
 * Puts an answer together from the pieces it comes in. The returned function takes a piece and gives the answer once it is
 * whole (TPM 2.0 Library, part 1, chapter "Command/Response structure").
 */
export function collectResponse(): (piece: Uint8Array) => Uint8Array | undefined {
  let collected: Uint8Array = new Uint8Array();
  return (piece) => {
    collected = Buffer.concat([collected, piece]);
    if (collected.length < headerSize) return undefined;
    const size = new DataView(collected.buffer, collected.byteOffset).getUint32(2);
    if (size < headerSize || size > maxResponseSize) throw damaged(`it gives its size as ${size} bytes`);
    if (collected.length > size) throw damaged(`${collected.length - size} bytes follow its end`);
    return collected.length === size ? collected : undefined;
  };
}

/** No answer in time. Where a TPM serves one at a time, the usual reason is somebody else. */
export function noAnswer(name: string, timeoutMs: number): RolesAnywhereError {
  return new RolesAnywhereError('TPM_BUSY', `${name}: the TPM did not answer within ${timeoutMs / 1000} s`, {
    hints: ['another program may have it open: without a resource manager a TPM serves one at a time'],
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: part of the path is no directory',
  EACCES: 'may not be opened by this user',
  EPERM: 'may not be opened by this user',
  EISDIR: 'is a directory, not a TPM',
  ENOTSOCK: 'is no socket',
  ECONNREFUSED: 'refuses connections: nothing listens there',
  ECONNRESET: 'closed the connection',
  EPIPE: 'closed the connection',
  ENOTFOUND: 'has a host name that is not known',
  EAI_AGAIN: 'has a host name that cannot be looked up now',
  EIO: 'lost the TPM',
  ENODEV: 'has no TPM behind it',
  ENXIO: 'has no TPM behind it',
};

/** An error of the operating system. */
export function unreachable(name: string, error: unknown): RolesAnywhereError {
  const code = systemCodeOf(error) ?? 'unknown';
  return new RolesAnywhereError('TPM_UNREACHABLE', `${name} ${reasons[code] ?? `cannot be used (${code})`}`, {
    cause: error,
    hints: hintsOf(code),
  });
}

function hintsOf(code: string): string[] {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return ['members of the group tss may use /dev/tpmrm0 on most systems'];
    case 'ENOENT':
      return ['name the TPM by --tpm-device; modprobe tpm_crb or tpm_tis where the kernel has not found it'];
    default:
      return [];
  }
}

export function hungUp(name: string): RolesAnywhereError {
  return new RolesAnywhereError('TPM_UNREACHABLE', `${name} closed the connection`);
}

/** Turns a Problem with the size of an answer into an error; others pass. */
export function asFailure(name: string, error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  return new RolesAnywhereError('TPM_FAILED', `${name}: the answer ${error.message}`);
}
