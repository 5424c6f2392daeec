import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks on a connection of its own. */
export function ask(base: string, path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Reply> {
  const { hostname, port } = new URL(base);
  return new Promise((settle, fail) => {
    const asked = request(
      { host: hostname.replace(/^\[|\]$/g, ''), port, path, method, headers: { ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        response.once('end', () =>
          settle({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    asked.once('error', fail);
    asked.end(body);
  });
}

/** Writes bytes as they are and reads until the other side closes. */
export function askRaw(base: string, bytes: string, keepsOpen = true): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((settle) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      if (keepsOpen) socket.write(bytes);
      else socket.end(bytes);
    });
    let answer = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => settle(answer));
  });
}

const ttl = 'X-aws-ec2-metadata-token-ttl-seconds';

/** A session token of the metadata service. */
export async function imdsToken(base: string, seconds = 21_600): Promise<string> {
  const { status, body } = await ask(base, '/latest/api/token', { method: 'PUT', headers: { [ttl]: String(seconds) } });
  if (status !== 200) throw new Error(`no token: ${status}`);
  return body;
}

/** Asks the metadata service with a token. */
export async function askImds(base: string, path: string, method = 'GET'): Promise<Reply> {
  return ask(base, path, { method, headers: { 'X-aws-ec2-metadata-token': await imdsToken(base) } });
}

export const rolesPath = '/latest/meta-data/iam/security-credentials/';
