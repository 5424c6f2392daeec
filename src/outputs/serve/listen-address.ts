import { isIP, isIPv4 } from 'node:net';
import { platform } from 'node:os';
import { resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { isLoopbackName } from './guard.ts';

/** Where to listen. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** A named pipe of Windows, where Node has no Unix sockets. */
  | { readonly kind: 'pipe'; readonly path: string }
  /** A socket that is open already: systemd's. `name` is that of FileDescriptorName. */
  | { readonly kind: 'fd'; readonly fd: number; readonly name: string };

/**
 * Reads `127.0.0.1`, `127.0.0.1:9911`, `[::1]`, `[::1]:9911`, `localhost`, `/run/roles-anywhere/socket`, `./socket` or
 * `unix:path`; on Windows `\\.\pipe\name` in place of these. A path comes out absolute.
 *
 * @param port for an address without one
 * @throws RolesAnywhereError OPTION_INVALID, naming `option`
 */
export function parseListenAddress(text: string, port: number, option: string): ListenAddress {
  if (platform() === 'win32' && /[\\/]|^unix:/.test(text)) return { kind: 'pipe', path: pipePath(text, option) };
  const path = text.startsWith('unix:') ? text.slice('unix:'.length) : text;
  if (path !== '' && (path !== text || text.includes('/'))) return { kind: 'unix', path: resolve(path) };
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const named = match?.[1] ?? match?.[2] ?? text;
  const host = named === 'localhost' ? '127.0.0.1' : named;
  const given = match?.[3] === undefined ? port : Number(match[3]);
  const isBracketed = match?.[1] !== undefined;
  if (isIP(host) === 0 || given > 65_535 || (isBracketed && isIPv4(host))) {
    throw new RolesAnywhereError('OPTION_INVALID', `${option}: ${text} is no address to listen on`, {
      hints: [
        'give an IP address, with or without a port, as 127.0.0.1:9911 or [::1]:9911, or the path of a socket with a slash in it',
      ],
    });
  }
  return { kind: 'tcp', host, port: given };
}

/** @throws RolesAnywhereError OPTION_INVALID, naming `option` */
function pipePath(text: string, option: string): string {
  const path = text.replaceAll('/', '\\');
  if (/^\\\\[.?]\\pipe\\[^\\]+$/i.test(path)) return path;
  throw new RolesAnywhereError('OPTION_INVALID', `${option}: ${text}: Node has no Unix sockets on Windows`, {
    hints: [String.raw`give a named pipe, as \\.\pipe\roles-anywhere, or an IP address`],
  });
}

/** Whether only this machine can connect there. */
export function isLoopbackAddress(address: string): boolean {
  return isLoopbackName(address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, ''));
}

/** `http://127.0.0.1:9911`, `http://[::1]:9911` */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
