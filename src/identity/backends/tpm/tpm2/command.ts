import { naming } from '../../../problem.ts';
import { damaged } from '../../../x509/der.ts';
import {
  type Cursor,
  cursorOver,
  expectEnd,
  rest,
  sized,
  takeBytes,
  takeSized,
  takeU16,
  takeU32,
  takeU8,
  u16,
  u32,
  u8,
} from './codec.ts';
import { decodeResponseCode, describeResponseCode, type ResponseCode } from './response-code.ts';

/** What a command refers to. Its Name goes into the HMAC of a session (TPM 2.0 Library, part 1, chapter "Names"). */
export interface Entity {
  readonly handle: number;
  readonly name: Uint8Array;
}

/** Hierarchies and sessions: the Name is the handle itself. */
export function namedByHandle(handle: number): Entity {
  return { handle, name: u32(handle) };
}

/** TPM_RH_NULL (part 2, section 7.4). */
export const nullHandle = 0x4000_0007;

/** How long a TPM may take for it; discrete ones need seconds for a key. */
export type Duration = 'short' | 'medium' | 'long';

/** One command as part 3 of the specification describes it, with the way to read its answer. */
export interface TpmCommand<Answer> {
  /** `TPM2_Load` */
  readonly name: string;
  /** TPM_CC */
  readonly code: number;
  /** The first one is authorized, if any is. */
  readonly handles: readonly Entity[];
  readonly parameters: Uint8Array;
  /** Whether the first parameter is a TPM2B_…, which a session can encrypt: of the command, of the answer. */
  readonly encryptable: { readonly command: boolean; readonly answer: boolean };
  /** Whether the answer begins with the handle of something new in the TPM. */
  readonly loads: boolean;
  readonly duration: Duration;
  /** Reads the answer's parameters, all of them. `handle` is 0 where the command loads nothing. @throws Problem */
  read(parameters: Cursor, handle: number): Answer;
}

/** What an authorization needs to know of the command it is for. */
export interface AuthorizedCommand {
  readonly code: number;
  readonly names: readonly Uint8Array[];
  readonly parameters: Uint8Array;
  readonly encryptable: { readonly command: boolean; readonly answer: boolean };
}

/** TPMS_AUTH_RESPONSE (TPM 2.0 Library, part 2, section 10.13.3). */
export interface AuthResponse {
  readonly nonce: Uint8Array;
  readonly attributes: number;
  readonly hmac: Uint8Array;
}

/** One command with its authorization made. */
export interface PreparedCommand {
  /** Encrypted in part, where the session does that. */
  readonly parameters: Uint8Array;
  /** TPMS_AUTH_COMMAND (part 2, section 10.13.2). */
  readonly authCommand: Uint8Array;
  /** Checks the answer and returns its parameters, decrypted. @throws Problem */
  accept(parameters: Uint8Array, response: AuthResponse): Uint8Array;
}

/** Shows the TPM that a command's first handle may be used. Good for one command. */
export interface Authorization {
  prepare(command: AuthorizedCommand): PreparedCommand;
}

/** TPM_RS_PW (part 2, section 7.4) */
const passwordSession = 0x4000_0009;

/** TPMA_SESSION (part 2, section 8.4) */
export const sessionAttributes = { continueSession: 0x01, decrypt: 0x20, encrypt: 0x40 } as const;

/** The password as it is, and no way to tell whether the answer is the TPM's (part 1, "Password authorizations"). */
export function passwordAuthorization(authValue: Uint8Array): Authorization {
  return {
    prepare: ({ parameters }) => ({
      parameters,
      authCommand: writeAuthCommand(passwordSession, new Uint8Array(), sessionAttributes.continueSession, authValue),
      accept(answer, { nonce, hmac }) {
        if (nonce.length > 0 || hmac.length > 0) throw damaged('it answers a password with a session');
        return answer;
      },
    }),
  };
}

export function writeAuthCommand(session: number, nonce: Uint8Array, attributes: number, hmac: Uint8Array): Uint8Array {
  return Buffer.concat([u32(session), sized(nonce), u8(attributes), sized(hmac)]);
}

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
