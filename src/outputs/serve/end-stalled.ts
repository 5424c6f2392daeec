import type { Server, Socket } from 'node:net';

/**
 * Ends connections whose client does not read its answers: Node waits for those without end, and a time-out for each
 * socket would have to be set anew for each request.
 *
 * @param every milliseconds between two looks; a connection on which nothing has moved in between is ended
 */
export function endStalled(server: Server, every: number): void {
  /** Bytes that had left at the last look, of connections with more to go. */
  const waiting = new Map<Socket, number>();
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
  });
  const timer = setInterval(() => {
    for (const socket of open) {
      const left = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0) waiting.delete(socket);
      else if (waiting.get(socket) === left) socket.destroy();
      else waiting.set(socket, left);
    }
  }, every);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}
