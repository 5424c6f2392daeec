import { statSync, type Stats } from 'node:fs';
import { RolesAnywhereError } from '../../../../core/errors.ts';
import { openDeviceTransport } from './device-transport.ts';
import { type TpmTransport, unreachable } from './tpm-transport.ts';
import { openSocketTransport } from './socket-transport.ts';

/** Where the TPM is. */
export type TpmDevice =
  /** The machine's own: /dev/tpmrm0, else /dev/tpm0. */
  | { readonly kind: 'default' }
  /** A character device, or the unix socket of a swtpm. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** tpm2-tss uses these where `swtpm:` says nothing. */
const swtpmHost = 'localhost';
const swtpmPort = 2321;

/**
 * Reads what `--tpm-device`, TPM_DEVICE or TPM2TOOLS_TCTI say: a path, `device`, `device:/dev/tpmrm0`, `swtpm`,
 * `swtpm:path=/run/swtpm.sock` or `swtpm:host=localhost,port=2321`. A TCTI may also be written as the name of its library,
 * `libtss2-tcti-device.so.0:/dev/tpmrm0`, as tpm2-tss allows.
 *
 * @param origin what messages call the option
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseTpmDevice(text: string, origin: string): TpmDevice {
  const match = /^(?:libtss2-tcti-)?([a-z]+)(?:\.so(?:\.\d+)*)?(?::(.*))?$/s.exec(text);
  const [, name = '', configuration] = match ?? [];
  switch (name) {
    case 'device':
      return configuration === undefined || configuration === ''
        ? { kind: 'default' }
        : { kind: 'path', path: configuration };
    case 'swtpm':
      return parseSwtpm(configuration ?? '', origin);
    case 'tabrmd':
    case 'mssim':
    case 'cmd':
    case 'pcap':
      throw new RolesAnywhereError('OPTION_INVALID', `${origin} names the TCTI ${name}, which is not supported`, {
        hints: ['name the device itself, as in device:/dev/tpmrm0: the kernel has a resource manager of its own'],
      });
    default:
      return parsePath(text, origin);
  }
}

function parsePath(path: string, origin: string): TpmDevice {
  if (path.includes('/') || path.includes('\\')) return { kind: 'path', path };
  throw invalid(origin, 'names no TPM', [
    'write the path of a device or socket, device:/dev/tpmrm0, swtpm:path=/run/swtpm.sock or swtpm:host=localhost,port=2321',
  ]);
}

function parseSwtpm(configuration: string, origin: string): TpmDevice {
  const settings = new Map<string, string>();
  for (const part of configuration.split(',').filter((part) => part !== '')) {
    const [key, value] = splitAt(part, part.indexOf('='));
    if (!['host', 'port', 'path'].includes(key) || value === '') {
      throw invalid(origin, `has a part of swtpm: that is not host=, port= or path=`);
    }
    settings.set(key, value);
  }
  const path = settings.get('path');
  if (path === undefined) {
    return { kind: 'tcp', host: settings.get('host') ?? swtpmHost, port: parsePort(settings.get('port'), origin) };
  }
  if (settings.size > 1) throw invalid(origin, 'has path= together with host= or port=');
  return { kind: 'path', path };
}

function splitAt(text: string, index: number): [string, string] {
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function parsePort(text: string | undefined, origin: string): number {
  if (text === undefined) return swtpmPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid(origin, 'has a port that is no number from 1 to 65535');
  return port;
}

function invalid(origin: string, what: string, hints: readonly string[] = []): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `${origin} ${what}`, { hints });
}

const defaultPaths = ['/dev/tpmrm0', '/dev/tpm0'] as const;

/** @throws RolesAnywhereError TPM_UNREACHABLE, TPM_BUSY */
export async function openTransport(device: TpmDevice): Promise<TpmTransport> {
  if (device.kind === 'tcp') return openTcp(device);
  return openPath(device.kind === 'path' ? device.path : defaultPath());
}

function openTcp({ host, port }: TpmDevice & { kind: 'tcp' }): Promise<TpmTransport> {
  return openSocketTransport({ host, port, noDelay: true }, `swtpm at ${host}:${port}`);
}

function defaultPath(): string {
  const path = defaultPaths.find((candidate) => statSync(candidate, { throwIfNoEntry: false }) !== undefined);
  if (path !== undefined) return path;
  throw new RolesAnywhereError('TPM_UNREACHABLE', `no TPM found: there is neither ${defaultPaths.join(' nor ')}`, {
    hints: ['name it by --tpm-device, TPM_DEVICE or TPM2TOOLS_TCTI; only Linux gives programs a TPM device'],
  });
}

async function openPath(path: string): Promise<TpmTransport> {
  const stats = statOf(path);
  if (stats.isSocket()) return openSocketTransport({ path }, `swtpm at ${path}`);
  // A command is written to what is opened: it must not be a file that would store it.
  if (stats.isCharacterDevice()) return openDeviceTransport(path);
  throw new RolesAnywhereError('TPM_UNREACHABLE', `${path} is neither a device nor a socket`);
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw unreachable(path, error);
  }
}
