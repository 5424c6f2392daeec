import type { IdentityContext } from '../../identity.ts';
import { naming } from '../../problem.ts';
import { damaged } from '../../x509/der.ts';
import { type AgentSocket, type AnswerLimits, askAgent } from './agent-socket.ts';
import { type SshReader, sshString, sshUint32 } from './ssh-wire.ts';

type AgentContext = Pick<IdentityContext, 'signal' | 'debug'>;

/** Message numbers of draft-ietf-sshm-ssh-agent, section 6.1. */
const messages = {
  failure: 5,
  requestIdentities: 11,
  identitiesAnswer: 12,
  signRequest: 13,
  signResponse: 14,
} as const;

/** Milliseconds. To sign, somebody may have to confirm it, to touch a key or to type a PIN. */
const [listLimit, signLimit] = [10_000, 120_000] as const;

/** More keys than anybody has in an agent; the length of the answer bounds them too. */
const mostKeys = 2048;

/** What an agent answers to what it will not or cannot do. It says no reason. */
export const refused = Symbol('refused');

/** Asks an agent. */
export class SshAgent {
  readonly name: string;
  readonly #socket: AgentSocket;
  readonly #context: AgentContext;

  constructor(path: string, context: AgentContext) {
    this.name = `ssh-agent at ${path}`;
    this.#socket = { path, name: this.name };
    this.#context = context;
  }

  /**
   * The public keys that it lists, as it has them. A locked agent lists none.
   *
   * @throws RolesAnywhereError SSH_AGENT_UNREACHABLE, SSH_AGENT_FAILED
   */
  async keys(): Promise<readonly Buffer[] | typeof refused> {
    const limits = { milliseconds: listLimit, hint: 'the agent hangs: start it anew' };
    return this.#ask(Buffer.of(messages.requestIdentities), limits, (answer) => {
      expectType(answer, messages.identitiesAnswer);
      const count = answer.uint32();
      if (count > mostKeys) throw damaged(`it lists ${count} keys`);
      return Array.from({ length: count }, () => keyOf(answer));
    });
  }

  /**
   * @param blob the key, as it is listed
   * @returns the blob of the signature
   * @throws RolesAnywhereError SSH_AGENT_UNREACHABLE, SSH_AGENT_FAILED
   */
  async sign(blob: Uint8Array, message: Uint8Array, flags: number): Promise<Buffer | typeof refused> {
    this.#context.debug?.(`${this.name} is asked to sign, and may have somebody confirm it`);
    const request = [Buffer.of(messages.signRequest), sshString(blob), sshString(message), sshUint32(flags)];
    const hint = 'a confirmation, a touch or a PIN may be waited for: look for a window of the agent';
    return this.#ask(Buffer.concat(request), { milliseconds: signLimit, hint }, (answer) => {
      expectType(answer, messages.signResponse);
      return answer.string();
    });
  }

  async #ask<T>(
    request: Buffer,
    limits: Omit<AnswerLimits, 'signal'>,
    read: (answer: SshReader) => T,
  ): Promise<T | typeof refused> {
    const answer = await askAgent(this.#socket, request, { ...limits, signal: this.#context.signal });
    return naming(`${this.name}: its answer`, 'SSH_AGENT_FAILED', () =>
      answer.startsWith(messages.failure) ? refused : read(answer),
    );
  }
}

/** Key and comment. */
function keyOf(answer: SshReader): Buffer {
  const blob = answer.string();
  answer.string();
  return blob;
}

function expectType(answer: SshReader, type: number): void {
  const given = answer.byte();
  if (given !== type) throw damaged(`it is of type ${given}, where ${type} belongs`);
}
