import { connect } from 'node:net';
import { systemCodeOf } from '../../../core/errno.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { codeInWords } from '../../../core/system-errors.ts';
import { SshReader, sshString } from './ssh-wire.ts';

/** An agent of the SSH agent protocol (draft-ietf-sshm-ssh-agent). */
export interface AgentSocket {
  readonly path: string;
  /** How messages name it: `ssh-agent at /run/user/1000/agent`. */
  readonly name: string;
}

/** What an answer may take. */
export interface AnswerLimits {
  readonly milliseconds: number;
  readonly signal?: AbortSignal | undefined;
  /** What to tell of an answer that does not come. */
  readonly hint: string;
}

/** What OpenSSH's own agent and client take at the most (AGENT_MAX_LEN). */
const longestAnswer = 256 * 1024;

/**
 * One request, one answer, over a connection of its own: an agent that was started anew is found.
 *
 * @returns what follows the length
 * @throws RolesAnywhereError SSH_AGENT_UNREACHABLE, SSH_AGENT_FAILED; the signal's reason
 */
export function askAgent({ path, name }: AgentSocket, request: Uint8Array, limits: AnswerLimits): Promise<SshReader> {
  const { milliseconds, signal, hint } = limits;
  return new Promise((settle, fail) => {
    const socket = connect(path);
    const pieces: Buffer[] = [];
    const end = (then: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      then();
    };
    const onAbort = (): void => end(() => fail(signal?.reason));
    const late = `${name} gave no answer within ${milliseconds / 1000} s`;
    const timer = setTimeout(() => end(() => fail(unreachable(late, [hint]))), milliseconds);
    socket.on('error', (error) => end(() => fail(connectionFailure(name, error))));
    socket.on('close', () => end(() => fail(unreachable(`${name} closed the connection before it had answered`))));
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      const answer = wholeAnswer(pieces);
      if (answer === 'too long') end(() => fail(failed(`${name} gave an answer that is too long`)));
      else if (answer !== undefined) end(() => settle(new SshReader(answer)));
    });
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    else socket.write(sshString(request));
  });
}

const lengthBytes = 4;

/** Undefined for one that has not come to its end. */
function wholeAnswer(pieces: Buffer[]): Buffer | 'too long' | undefined {
  const bytes = Buffer.concat(pieces);
  pieces.splice(0, pieces.length, bytes);
  const length = bytes.length < lengthBytes ? 0 : bytes.readUInt32BE();
  if (length > longestAnswer) return 'too long';
  const isWhole = bytes.length >= lengthBytes + length && bytes.length >= lengthBytes;
  return isWhole ? bytes.subarray(lengthBytes, lengthBytes + length) : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is not there: the socket does not exist',
  ENOTDIR: 'is not there: part of the path is no directory',
  ECONNREFUSED: 'is not there any more: nobody listens at the socket',
  ENOTSOCK: 'is no socket',
  EACCES: 'may not be used by this user',
  EPERM: 'may not be used by this user',
  ECONNRESET: 'broke the connection off',
  EPIPE: 'broke the connection off',
};

function connectionFailure(name: string, cause: Error): RolesAnywhereError {
  const code = systemCodeOf(cause) ?? 'unknown';
  const reason = reasons[code] ?? `cannot be reached (${codeInWords(code)})`;
  return unreachable(`${name} ${reason}`, ['start the agent, or name another: ssh-agent:?socket=PATH'], cause);
}

function unreachable(message: string, hints: readonly string[] = [], cause?: Error): RolesAnywhereError {
  return new RolesAnywhereError('SSH_AGENT_UNREACHABLE', message, { hints, cause });
}

function failed(message: string): RolesAnywhereError {
  return new RolesAnywhereError('SSH_AGENT_FAILED', message, {
    hints: ['is something else listening there than an agent?'],
  });
}
