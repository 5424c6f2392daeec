import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../../../core/errno.ts';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { RolesAnywhereError } from '../../../../core/errors.ts';
import {
  asFailure,
  collectResponse,
  maxResponseSize,
  noAnswer,
  type TpmTransport,
  unreachable,
} from './tpm-transport.ts';

/** How long to wait for somebody else to close /dev/tpm0, which is open once at a time. */
const openTimeoutMs = 5000;
const openPauseMs = 50;

/** A character device: one write is a command, what is read is its answer (drivers/char/tpm/tpm-dev-common.c of Linux). */
export async function openDeviceTransport(path: string): Promise<TpmTransport> {
  const file = await opened(path);
  let isFailed = false;
  return {
    name: path,
    // The kernel's resource manager: /dev/tpmrm0 (drivers/char/tpm/tpmrm-dev.c).
    managed: /(^|\/)tpmrm\d+$/.test(path),
    async send(command, timeoutMs) {
      try {
        return await exchange(file, command, { name: path, timeoutMs });
      } catch (error) {
        isFailed = true;
        throw error;
      }
    },
    async close() {
      const closed = file.close();
      // Closing waits for what is being read, and the kernel lets that wait for a TPM that hangs.
      if (!isFailed) await closed;
      closed.catch(() => undefined);
    },
  };
}

async function opened(path: string): Promise<FileHandle> {
  // Without O_NONBLOCK a TPM that never answers would block a thread of ours, and the end of the process, for ever.
  const flags = constants.O_RDWR | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
  for (let waited = 0; ; waited += openPauseMs) {
    try {
      return await open(path, flags);
    } catch (error) {
      if (systemCodeOf(error) !== 'EBUSY') throw unreachable(path, error);
      if (waited >= openTimeoutMs) throw busy(path, error);
    }
    await sleep(openPauseMs);
  }
}

function busy(path: string, cause: unknown): RolesAnywhereError {
  return new RolesAnywhereError('TPM_BUSY', `${path} is in use by another program`, {
    cause,
    hints: ['use /dev/tpmrm0, which the kernel shares among programs', `fuser ${path} tells which program it is`],
  });
}

async function exchange(
  file: FileHandle,
  command: Uint8Array,
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
): Promise<Uint8Array> {
  const timeout = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      timeout.abort();
      fail(noAnswer(name, timeoutMs));
    }, timeoutMs);
  });
  try {
    return await Promise.race([writeThenRead(file, command, timeout.signal), expired]);
  } catch (error) {
    if (error instanceof RolesAnywhereError) throw error;
    throw systemCodeOf(error) === undefined ? asFailure(name, error) : unreachable(name, error);
  } finally {
    clearTimeout(timer);
  }
}

async function writeThenRead(file: FileHandle, command: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  await file.write(command, 0, command.length);
  const collect = collectResponse();
  const buffer = new Uint8Array(maxResponseSize + 1);
  for (let attempt = 0; ; attempt += 1) {
    const length = await readSome(file, buffer);
    const answer = length === 0 ? undefined : collect(buffer.subarray(0, length));
    if (answer !== undefined) return answer;
    await pause(attempt);
    signal.throwIfAborted();
  }
}

/** Bytes read; 0 while there is nothing yet, which the TPM driver tells by 0 bytes and a terminal by EAGAIN. */
async function readSome(file: FileHandle, buffer: Uint8Array): Promise<number> {
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    return bytesRead;
  } catch (error) {
    if (systemCodeOf(error) === 'EAGAIN') return 0;
    throw error;
  }
}

/** Node cannot wait for a descriptor of this kind, so it is asked again: at once for some 2 ms, then ever more slowly. */
async function pause(attempt: number): Promise<void> {
  if (attempt < 50) await nextTurn();
  else await sleep(attempt < 150 ? 1 : 10);
}
