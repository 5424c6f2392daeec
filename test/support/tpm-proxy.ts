/**
 * A swtpm socket with somebody in between, who sees every command and may answer in the TPM's place.
 */
import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

/** What becomes of one command: the answer, a closed connection, or silence until the client gives up. */
export type Outcome = Uint8Array | 'close' | 'silence';

export interface SeenCommand {
  readonly bytes: Buffer;
  /** TPM_CC */
  readonly code: number;
  /** How many commands came before it, over all connections. */
  readonly index: number;
  /** Has the TPM carry it out. */
  readonly forward: () => Promise<Buffer>;
}

export interface TpmProxy {
  readonly tcti: string;
  /** Everything that went through, in both directions. */
  traffic(): Buffer;
  /** TPM_CC of every command, in order. */
  codes(): readonly number[];
  stop(): Promise<void>;
}

export const commandCodes = {
  import: 0x156,
  load: 0x157,
  createPrimary: 0x131,
  sign: 0x15d,
  flushContext: 0x165,
  readPublic: 0x173,
  startAuthSession: 0x176,
  getCapability: 0x17a,
  policyAuthValue: 0x16b,
  policyPcr: 0x17f,
} as const;

/** An answer that holds a response code and nothing else. */
export function refusal(code: number): Buffer {
  const answer = Buffer.alloc(10);
  answer.writeUInt16BE(0x8001, 0);
  answer.writeUInt32BE(10, 2);
  answer.writeUInt32BE(code, 6);
  return answer;
}

/** Starts a proxy on a port of loopback. `decide` may throw: the connection is closed then. */
export async function startTpmProxy(
  target: NetConnectOpts,
  decide: (command: SeenCommand) => Promise<Outcome> = ({ forward }) => forward(),
): Promise<TpmProxy> {
  const seen: Buffer[] = [];
  const codes: number[] = [];
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const tpm = connect(target);
    const answers = framesOf(tpm);
    const close = (): void => {
      tpm.destroy();
      client.destroy();
      clients.delete(client);
    };
    client.on('error', close).on('close', close);
    tpm.on('error', close);
    // A client that hangs up in the middle is what some tests are about.
    void serve(client)
      .catch(() => undefined)
      .finally(close);

    async function serve(from: Socket): Promise<void> {
      for await (const bytes of framesOf(from)) {
        const code = bytes.readUInt32BE(6);
        const index = codes.push(code) - 1;
        seen.push(bytes);
        const forward = async (): Promise<Buffer> => {
          tpm.write(bytes);
          const { value } = await answers.next();
          return value ?? Buffer.alloc(0);
        };
        const outcome = await decide({ bytes, code, index, forward });
        if (outcome === 'close') return;
        if (outcome === 'silence') continue;
        seen.push(Buffer.from(outcome));
        from.write(outcome);
      }
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    tcti: `swtpm:host=127.0.0.1,port=${port}`,
    traffic: () => Buffer.concat(seen),
    codes: () => codes,
    async stop() {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Commands or answers out of a stream, by the size in their headers. */
async function* framesOf(stream: Socket): AsyncGenerator<Buffer, undefined> {
  let pending = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 6 && pending.length >= pending.readUInt32BE(2)) {
      const size = pending.readUInt32BE(2);
      yield pending.subarray(0, size);
      pending = pending.subarray(size);
    }
  }
  return undefined;
}
