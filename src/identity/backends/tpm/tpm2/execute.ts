import { naming } from '../../../problem.ts';
import { damaged } from '../../../x509/der.ts';
import type { Authorization, AuthResponse, PreparedCommand } from './authorization.ts';
import { cursorOver, expectEnd, takeBytes, takeSized, takeU16, takeU32, takeU8, rest, u16, u32 } from './codec.ts';
import type { TpmCommand } from './command.ts';
import { decodeResponseCode, describeResponseCode, type ResponseCode } from './response-code.ts';

/** TPM_ST (TPM 2.0 Library, part 2, section 6.9) */
const tags = { noSessions: 0x8001, sessions: 0x8002 } as const;

/** Bytes of tag, size and code that every command and answer begins with. */
const headerSize = 10;

/** The TPM understood the command and answered with a response code. */
export class TpmRefusal extends Error {
  readonly command: string;
  readonly code: ResponseCode;

  constructor(command: string, code: ResponseCode) {
    super(`${command} failed: ${describeResponseCode(code)}`);
    this.command = command;
    this.code = code;
  }
}

/** What commands are sent through. */
export interface CommandChannel {
  /** How messages name the TPM. */
  readonly name: string;
  /** Sends one command, again while the TPM asks for that, and resolves to the whole answer. */
  transmit(bytes: Uint8Array, command: Pick<TpmCommand<unknown>, 'name' | 'duration'>): Promise<Uint8Array>;
  /** Told of everything that now is in the TPM because of us. */
  loaded(handle: number): void;
}

/**
 * Runs one command: header, handles, authorization, parameters, and the same of the answer.
 *
 * @throws TpmRefusal; RolesAnywhereError TPM_FAILED for an answer that cannot be one, and the channel's own errors
 */
export async function execute<Answer>(
  channel: CommandChannel,
  command: TpmCommand<Answer>,
  authorization?: Authorization,
): Promise<Answer> {
  const names = command.handles.map(({ name }) => name);
  const prepared = authorization?.prepare({ ...command, names });
  const answer = await channel.transmit(writeCommand(command, prepared), command);
  return naming(`${channel.name}: the answer to ${command.name}`, 'TPM_FAILED', () =>
    readAnswer(channel, command, prepared, answer),
  );
}

function writeCommand(command: TpmCommand<unknown>, prepared: PreparedCommand | undefined): Uint8Array {
  const body = Buffer.concat([
    ...command.handles.map(({ handle }) => u32(handle)),
    ...(prepared === undefined ? [] : [u32(prepared.authCommand.length), prepared.authCommand]),
    prepared?.parameters ?? command.parameters,
  ]);
  const tag = prepared === undefined ? tags.noSessions : tags.sessions;
  return Buffer.concat([u16(tag), u32(headerSize + body.length), u32(command.code), body]);
}

/** The response code of an answer; undefined where it is too short to have one. */
export function responseCodeOf(answer: Uint8Array): number | undefined {
  return answer.length < headerSize ? undefined : takeU32({ bytes: answer, offset: headerSize - 4 });
}

function readAnswer<Answer>(
  channel: CommandChannel,
  command: TpmCommand<Answer>,
  prepared: PreparedCommand | undefined,
  answer: Uint8Array,
): Answer {
  const cursor = cursorOver(answer);
  const tag = takeU16(cursor);
  if (takeU32(cursor) !== answer.length) throw damaged('its size is not the one it says');
  const code = takeU32(cursor);
  if (code !== 0) throw new TpmRefusal(command.name, decodeResponseCode(code));
  const handle = command.loads ? takeU32(cursor) : 0;
  // First of all: whatever else is wrong with the answer, what it loaded must be flushed.
  if (command.loads) channel.loaded(handle);
  const expectedTag = prepared === undefined ? tags.noSessions : tags.sessions;
  if (tag !== expectedTag) throw damaged(`its tag is 0x${tag.toString(16)}`);
  const parameters = prepared === undefined ? rest(cursor) : acceptParameters(rest(cursor), prepared);
  const parameterCursor = cursorOver(parameters);
  const result = command.read(parameterCursor, handle);
  expectEnd(parameterCursor);
  return result;
}

/** With a session the parameters have their size in front, and the session's answer comes after them (part 1, "Response"). */
function acceptParameters(bytes: Uint8Array, prepared: PreparedCommand): Uint8Array {
  const cursor = cursorOver(bytes);
  const parameters = takeBytes(cursor, takeU32(cursor));
  const response: AuthResponse = { nonce: takeSized(cursor), attributes: takeU8(cursor), hmac: takeSized(cursor) };
  expectEnd(cursor);
  return prepared.accept(parameters, response);
}
