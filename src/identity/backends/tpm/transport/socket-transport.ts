import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { asFailure, collectResponse, hungUp, noAnswer, type TpmTransport, unreachable } from './tpm-transport.ts';

const connectTimeoutMs = 5000;

/** Raw commands over a stream, as swtpm serves them on its data socket. */
export async function openSocketTransport(address: NetConnectOpts, name: string): Promise<TpmTransport> {
  const socket = await connected(address, name);
  return {
    name,
    managed: false,
    send: (command, timeoutMs) => exchange(socket, command, { name, timeoutMs }),
    close: async () => {
      socket.destroy();
    },
  };
}

function connected(address: NetConnectOpts, name: string): Promise<Socket> {
  return new Promise((settle, fail) => {
    const socket = connect(address);
    const timer = setTimeout(() => {
      socket.destroy();
      fail(noAnswer(name, connectTimeoutMs));
    }, connectTimeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(unreachable(name, error));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      // Between two commands an error only means that the next one fails.
      socket.on('error', () => undefined);
      settle(socket);
    });
  });
}

function exchange(
  socket: Socket,
  command: Uint8Array,
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
): Promise<Uint8Array> {
  return new Promise((settle, fail) => {
    const collect = collectResponse();
    const timer = setTimeout(() => give(noAnswer(name, timeoutMs)), timeoutMs);
    const onData = (piece: Buffer): void => {
      try {
        const answer = collect(piece);
        if (answer !== undefined) end(() => settle(answer));
      } catch (error) {
        give(asFailure(name, error));
      }
    };
    const onError = (error: Error): void => give(unreachable(name, error));
    const onClose = (): void => give(hungUp(name));
    const end = (then: () => void): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose);
      then();
    };
    const give = (error: unknown): void => {
      // Whatever else arrives belongs to a command that was given up.
      socket.destroy();
      end(() => fail(error));
    };
    if (socket.destroyed || socket.readableEnded) {
      give(hungUp(name));
      return;
    }
    socket.on('data', onData).on('error', onError).on('close', onClose).on('end', onClose);
    socket.write(command);
  });
}
