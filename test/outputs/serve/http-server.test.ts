import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { acceptorOf } from '../../../src/outputs/serve/acceptor.ts';
import { textAnswer } from '../../../src/outputs/serve/answer.ts';
import { Connections, limitedServer } from '../../../src/outputs/serve/http-server.ts';
import { endStill } from '../../../src/outputs/serve/still-connections.ts';

/** As much of a socket as is looked at. */
class FakeSocket extends EventEmitter {
  readonly name: string;
  readonly ended: string[];

  constructor(name: string, ended: string[]) {
    super();
    this.name = name;
    this.ended = ended;
  }

  destroy(): void {
    this.ended.push(this.name);
    this.emit('close');
  }
}

function setUp(max: number) {
  const ended: string[] = [];
  let dropped = 0;
  const connections = new Connections({ connections: max, burst: max, trimAfter: 100 }, () => (dropped += 1));
  const open = (name: string): Socket => {
    const socket = new FakeSocket(name, ended) as unknown as Socket;
    connections.add(socket);
    return socket;
  };
  return { connections, open, ended, dropped: () => dropped };
}

test('the one that has been silent for longest makes room, not one on which something was asked', () => {
  const { connections, open, ended, dropped } = setUp(3);
  connections.asked(open('client'), 1000);
  for (let count = 0; count < 5; count += 1) open(`silent ${count}`);
  expect(ended).toEqual(['silent 0', 'silent 1', 'silent 2']);
  expect(dropped()).toBe(3);
});

test('of those on which something was asked the user who has most of them gives one, the least used', () => {
  const { connections, open, ended } = setUp(4);
  connections.asked(open('client'), 1000);
  const greedy = ['first', 'second', 'third'].map((name) => open(name));
  for (const socket of greedy) connections.asked(socket, 1001);
  connections.asked(greedy[0] as Socket, 1001);
  connections.asked(open('new'), 1001);
  connections.asked(open('newer'), 1001);
  expect(ended).toEqual(['second', 'third']);
});

test('one whose user is being looked up outlasts those that are silent', () => {
  const { connections, open, ended } = setUp(3);
  const waiting = open('waiting');
  connections.asked(waiting, undefined);
  for (let count = 0; count < 4; count += 1) open(`silent ${count}`);
  connections.asked(waiting, 1000);
  open('new');
  expect(ended).toEqual(['silent 0', 'silent 1', 'silent 2']);
});

test('one that was closed takes no room', () => {
  const { open, ended, dropped } = setUp(2);
  open('first').destroy();
  open('second');
  open('third');
  expect(ended).toEqual(['first']);
  expect(dropped()).toBe(0);
});

test('a request that comes after its connection was closed changes nothing', () => {
  const { connections, open, ended } = setUp(2);
  const gone = open('gone');
  gone.destroy();
  connections.asked(gone, 1000);
  open('one');
  open('two');
  open('three');
  expect(ended).toEqual(['gone', 'one']);
});

test('a burst is let in for a moment, in which those who have something to ask do', () => {
  vi.useFakeTimers();
  try {
    const ended: string[] = [];
    const connections = new Connections({ connections: 2, burst: 5, trimAfter: 100 }, () => undefined);
    for (const name of ['first', 'second', 'client', 'third', 'fourth', 'fifth']) {
      const socket = new FakeSocket(name, ended) as unknown as Socket;
      connections.add(socket);
      if (name === 'client') connections.asked(socket, 1000);
    }
    expect(ended).toEqual(['first']);
    vi.advanceTimersByTime(99);
    expect(ended).toEqual(['first']);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['first', 'second', 'third', 'fourth']);
  } finally {
    vi.useRealTimers();
  }
});

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** Makes connections to a server, which is closed after the test. */
async function listen(server: Server): Promise<() => Promise<Socket>> {
  const { listening, close } = acceptorOf(server, true);
  opened.push(close);
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  const { port } = listening.address() as AddressInfo;
  return async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
}

const question = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

test('one on which nothing more is asked is ended, one that is asked on is not', async () => {
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end('ok'));
  const waitingFor = new Set<number | undefined>();
  const isWaiting = ({ remotePort }: Socket): boolean => waitingFor.has(remotePort);
  endStill(server, { checkEvery: 50, stalled: Infinity, idle: 500 }, isWaiting);
  const open = await listen(server);
  const [idle, asking, waiting] = [await open(), await open(), await open()];
  waitingFor.add(waiting.localPort);
  const endings: string[] = [];
  asking.once('close', () => endings.push('asking'));
  waiting.once('close', () => endings.push('waiting'));
  for (const socket of [idle, asking]) socket.resume().write(question);
  const asked = setInterval(() => asking.write(question), 100);
  await once(idle, 'close');
  expect(endings).toEqual([]);
  clearInterval(asked);
  await once(asking, 'close');
  expect(endings).toEqual(['asking']);
  waiting.destroy();
});

test('the time in which the process was stopped is held against nobody', async () => {
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => response.end('ok'));
  endStill(server, { checkEvery: 50, stalled: 200, idle: 200 });
  const socket = (await (await listen(server))()).resume();
  socket.write(question);
  // The question waits in the kernel meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
  await once(socket, 'close');
});

test('a connection is kept for its time after the answer, however late that came', async () => {
  let answered = 0;
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => {
    setTimeout(() => {
      answered = performance.now();
      response.end('ok');
    }, 400);
  });
  endStill(server, { checkEvery: 20, stalled: Infinity, idle: 500 });
  const socket = (await (await listen(server))()).resume();
  socket.write(question);
  await once(socket, 'close');
  expect(performance.now() - answered).toBeGreaterThan(450);
});

test('clients are told how long a connection is kept, where it is', async () => {
  const answer = textAnswer('health', 200, 'ok');
  const server = limitedServer({ answer: () => answer, onAnswered: () => undefined, onDropped: () => undefined });
  const open = await listen(server);
  const socket = (await open()).setEncoding('latin1');
  const answerTo = async (text: string): Promise<string> => {
    socket.write(text);
    const [answered] = (await once(socket, 'data')) as [string];
    return answered;
  };
  expect(await answerTo(question)).toMatch(/\r\nKeep-Alive: timeout=15\r\n/);
  expect(await answerTo(question.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).not.toContain('Keep-Alive');
});

test('a client that does not read is cut off; one that reads, and one that is idle, are not', async () => {
  const answer = 'x'.repeat(100_000);
  const server = createServer((_request, response) => response.end(answer));
  endStill(server, { checkEvery: 50, stalled: 200, idle: Infinity });
  const open = await listen(server);
  const [deaf, listening, idle] = [await open(), await open(), await open()];
  const endings: string[] = [];
  listening.resume().once('close', () => endings.push('listening'));
  idle.once('close', () => endings.push('idle'));
  deaf.on('error', () => undefined);
  const cut = new Promise((settle) => deaf.once('close', settle));
  // More answers than the buffers of both sides hold, and nobody who takes them.
  deaf.write(question.repeat(400));
  listening.write(question.repeat(400));
  await once(deaf, 'readable');
  // Its end is seen only by somebody who reads on, but a write finds out.
  const knock = setInterval(() => deaf.write(question), 100);
  await cut;
  clearInterval(knock);
  expect(endings).toEqual([]);
  for (const socket of [listening, idle]) socket.destroy();
});
