import { RolesAnywhereError } from '../../core/errors.ts';
import type { WireRequest } from './transport.ts';

/** The bytes of a request (RFC 9112, section 3). The connection serves this one request. */
export function formatRequest(request: WireRequest): Buffer {
  const fields = { ...request.headers, connection: 'close', 'content-length': String(request.body.length) };
  const lines = Object.entries(fields).map(([name, value]) => fieldLine(name, value));
  const head = `${request.method} ${request.target} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), request.body]);
}

/** A line break in a value would begin another header, or another request. */
function fieldLine(name: string, value: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new RolesAnywhereError('INTERNAL', `the header ${name} holds a character that no header can hold`);
  }
  return `${name}: ${value}\r\n`;
}
