/** A client that asks as fast as it is answered, on connections that stay open, with as little work as can be. */
import { connect } from 'node:net';

/**
 * Requests that go out together on a connection, before the answers are read. With one alone the client works as long as
 * the server, which then has to wake it for each answer: the system would be measured, and not the server.
 */
const batch = 8;

const endOfHead = Buffer.from('\r\n\r\n');

/**
 * @param {string} url
 * @param {{ path: string, headers: Record<string, string> }} route
 * @param {{ connections: number, seconds?: number, count?: number }} extent
 * @returns {Promise<{ perSecond: number, p99: number, count: number }>} p99 in milliseconds
 */
export async function load(url, { path, headers }, { connections, seconds = Infinity, count = Infinity }) {
  const { host, hostname, port } = new URL(url);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`.repeat(batch));
  const times = [];
  let asked = 0;

  /** Connects and is answered once, so that who it is has been looked up; resolves to what goes on from there. */
  const open = () =>
    new Promise((settle, fail) => {
      const socket = connect(Number(port), hostname);
      let pending = Buffer.alloc(0);
      let missing = batch;
      let begun = Infinity;
      let onAnswered = () => settle(run);
      const send = () => {
        begun = performance.now();
        missing = batch;
        socket.write(bytes);
      };
      const run = (end) =>
        new Promise((done) => {
          onAnswered = () => {
            if (performance.now() >= end || asked >= count) {
              socket.end();
              done();
              return;
            }
            asked += batch;
            send();
          };
          onAnswered();
        });
      socket.setNoDelay(true);
      socket.once('error', fail);
      socket.once('close', () => fail(new Error('the server has closed the connection')));
      socket.once('connect', send);
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        for (let size = answerSize(pending); size <= pending.length; size = answerSize(pending)) {
          pending = pending.subarray(size);
          times.push(performance.now() - begun);
          missing -= 1;
        }
        if (missing === 0) onAnswered();
      });
    });
  const runs = await Promise.all(Array.from({ length: connections }, open));
  times.length = 0;
  const start = performance.now();
  await Promise.all(runs.map((run) => run(start + seconds * 1000)));
  const elapsed = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  return { perSecond: times.length / elapsed, p99: times[Math.floor(times.length * 0.99)] ?? NaN, count: times.length };
}

/** Bytes of the first answer; Infinity while its head is not there. */
function answerSize(pending) {
  const end = pending.indexOf(endOfHead);
  if (end === -1) return Infinity;
  const head = pending.latin1Slice(0, end);
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(head.split('\r\n')[0]);
  return end + endOfHead.length + Number(/content-length: (\d+)/i.exec(head)[1]);
}
