import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { endStalled } from '../../../src/outputs/serve/http-server.ts';

test('a client that does not read is cut off; one that reads, and one that is idle, are not', async () => {
  const answer = 'x'.repeat(100_000);
  const server = createServer((_request, response) => response.end(answer));
  endStalled(server, 200);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const open = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const [deaf, listening, idle] = [await open(), await open(), await open()];
  const endings: string[] = [];
  listening.resume().once('close', () => endings.push('listening'));
  idle.once('close', () => endings.push('idle'));
  deaf.on('error', () => undefined);
  const cut = new Promise((settle) => deaf.once('close', settle));
  // More answers than the buffers of both sides hold, and nobody who takes them.
  deaf.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400));
  listening.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400));
  await once(deaf, 'readable');
  // Its end is seen only by somebody who reads on, but a write finds out.
  const knock = setInterval(() => deaf.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 100);
  await cut;
  clearInterval(knock);
  expect(endings).toEqual([]);
  for (const socket of [listening, idle]) socket.destroy();
  server.close();
});
