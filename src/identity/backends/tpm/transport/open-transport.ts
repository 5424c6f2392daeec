import { statSync, type Stats } from 'node:fs';
import { RolesAnywhereError } from '../../../../core/errors.ts';
import type { TpmDevice } from '../device.ts';
import { openDeviceTransport } from './device-transport.ts';
import { type TpmTransport, unreachable } from './tpm-transport.ts';
import { openSocketTransport } from './socket-transport.ts';

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
