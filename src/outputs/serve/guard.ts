import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Answer, type LocalRequest, refusedAnswer } from './answer.ts';
import { type Answerer, hasUnknownLength } from './http-server.ts';
import type { Peers } from './peer-check.ts';
import { answerRequest, type Routes } from './routes.ts';

/** Why a request is turned away before anybody looks at its path. */
export interface Refusal {
  readonly status: 400 | 403 | 413;
  readonly reason: string;
}

/** What came through a proxy, or from a web page: no SDK sends these. Fetch metadata: W3C "Fetch Metadata". */
const foreignHeaders: ReadonlySet<string> = new Set(['forwarded', 'via', 'x-real-ip', 'origin', 'sec-fetch-site']);

function isForeign(name: string): boolean {
  return foreignHeaders.has(name) || name.startsWith('x-forwarded-');
}

const instanceMetadata = '169.254.169.254';

/** No request of an SDK has a body worth the name. */
const maxBody = 1024;

/**
 * Names of headers that are looked at, by their length: to have a name in lower case takes longer than all else that is
 * done with it.
 */
const lengths: readonly boolean[] = ['host', 'content-length', ...foreignHeaders].reduce<boolean[]>((found, name) => {
  found[name.length] = true;
  return found;
}, []);

function mayMatter(name: string): boolean {
  // x-forwarded-…
  return lengths[name.length] === true || name.startsWith('x-') || name.startsWith('X-');
}

/**
 * Turns away what a browser or a proxy was made to send: DNS rebinding shows in the Host header, everything else in
 * headers that pages and proxies cannot leave out.
 */
export function refusalOf(
  { rawHeaders }: LocalRequest,
  socket: Pick<Socket, 'localAddress'>,
  isAtHome: HostCheck,
): Refusal | undefined {
  let host: string | undefined;
  let [hosts, contentLengths] = [0, 0];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const text = rawHeaders[at] ?? '';
    if (!mayMatter(text)) continue;
    const name = text.toLowerCase();
    const value = rawHeaders[at + 1] ?? '';
    if (isForeign(name)) return { status: 403, reason: `unable to process requests with ${name} header` };
    if (name === 'content-length') {
      if (Number(value) > maxBody) return tooLarge;
      contentLengths += 1;
    }
    if (name === 'host') {
      host = value;
      hosts += 1;
    }
  }
  // Of several, another program on the way may have looked at another one.
  if (hosts > 1) return { status: 400, reason: 'there must be one Host header' };
  // Node refuses two of them; Bun lets those in that say the same.
  if (contentLengths > 1) return { status: 400, reason: 'there must be one Content-Length header' };
  // No browser leaves it out.
  return host === undefined || isAtHome(host, socket) ? undefined : foreignHost;
}

/** Also of one whose length shows only when it is read. */
const tooLarge: Refusal = { status: 413, reason: 'the body is too large' };
const foreignHost: Refusal = { status: 403, reason: 'the Host header names another machine' };

/** Whether a Host header names this machine, on a connection. */
export type HostCheck = (host: string, socket: Pick<Socket, 'localAddress'>) => boolean;

/**
 * Names that are at home on every connection are remembered, the last of them: clients say the same each time.
 *
 * @param allowedHosts names of `--allow-host`, in lower case
 */
export function hostCheck(allowedHosts: readonly string[]): HostCheck {
  let last: string | undefined;
  return (host, socket) => {
    if (host === last) return true;
    const name = hostName(host);
    if (name === undefined) return false;
    if (isLoopbackName(name) || name === instanceMetadata || allowedHosts.includes(name)) {
      last = host;
      return true;
    }
    // The address itself cannot be rebound: where it is the one that was connected to, no name was looked up.
    return name === plainAddress(socket.localAddress);
  };
}

/** `localhost`, 127.0.0.0/8 and ::1 (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3). */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Without port and brackets, in lower case; undefined for what is no host (RFC 9110, section 7.2). */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** An IPv4 peer of an IPv6 socket is `::ffff:127.0.0.1`. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}

/** What stands between a connection and the routes. */
export interface Entrance {
  readonly mayConnect: Peers['mayConnect'];
  /** Names in Host headers besides those of loopback. */
  readonly allowHosts: readonly string[];
  readonly routes: () => Routes;
}

/** Answers only whom the guard lets in. */
export function guardedAnswerer({ mayConnect, allowHosts, routes }: Entrance): Answerer {
  const isAtHome = hostCheck(allowHosts);
  const answer = (request: IncomingMessage): Answer | Promise<Answer> => {
    // Bun has refused those of other versions; Node has not.
    if (request.httpVersionMajor !== 1) return refusedAnswer(400, 'no request of HTTP/1.1');
    const refusal = refusalOf(request, request.socket, isAtHome);
    if (refusal !== undefined) return refusedAnswer(refusal.status, refusal.reason);
    return hasUnknownLength(request) ? answerAtEnd(request) : answerRequest(request, routes());
  };
  const answerAtEnd = async (request: IncomingMessage): Promise<Answer> =>
    (await endsWithin(request, maxBody))
      ? answerRequest(request, routes())
      : refusedAnswer(tooLarge.status, tooLarge.reason);
  return (request) => {
    const may = mayConnect(request.socket);
    if (may === true) return answer(request);
    return may === false ? stranger() : may.then((isIn) => (isIn ? answer(request) : stranger()));
  };
}

/** Health and metrics on an address of their own hold nothing that a web page or a stranger could use. */
export function adminAnswerer({ routes }: Pick<Entrance, 'routes'>): Answerer {
  return (request) => answerRequest(request, routes());
}

/**
 * Reads a body that nobody needs to its end.
 * @returns false as soon as it is too long
 * @throws Error when the client goes before it
 */
function endsWithin(request: IncomingMessage, bytes: number): Promise<boolean> {
  return new Promise((settle, fail) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytes) settle(false);
    });
    request.once('end', () => settle(true));
    request.once('close', () => fail(new Error('the client has gone')));
  });
}

function stranger(): Answer {
  return refusedAnswer(403, 'the user of the other end may not connect');
}
