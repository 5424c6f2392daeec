import { RolesAnywhereError } from '../../core/errors.ts';
import { isLoopbackAddress, type ListenAddress } from './listen-address.ts';
import type { Listener } from './listeners.ts';
import type { ServeLog } from './serve-log.ts';
import type { TokenFileOptions } from './token-file.ts';

/** Where credentials are served, and to whom. */
export interface Access {
  readonly listen: readonly ListenAddress[];
  /** Permissions of Unix sockets that are made. */
  readonly socketMode: number;
  /** Token of the container endpoint, which is not there without one. */
  readonly tokenFile?: TokenFileOptions | undefined;
  /** Users whose processes may connect; all of them when undefined. */
  readonly allowUids?: readonly number[] | undefined;
}

/**
 * Makes sure, before anything is obtained, that no address is open to other machines without a token.
 * @throws RolesAnywhereError OPTION_MISSING
 */
export function checkExposure({ listen, tokenFile }: Access): void {
  for (const address of listen) {
    if (address.kind === 'tcp' && !isLoopbackAddress(address.host)) demandToken(address.host, tokenFile);
  }
}

/**
 * Says what an open address hands out, and to whom. A socket that was handed over is known only now.
 * @throws RolesAnywhereError OPTION_MISSING
 */
export function warnOfExposure({ name, kind, isLocal }: Listener, options: Access, log: ServeLog): void {
  const { tokenFile, allowUids, socketMode } = options;
  if (!isLocal) {
    demandToken(name, tokenFile);
    const imds =
      allowUids === undefined
        ? 'the metadata routes are not served there'
        : 'so do users of --allow-uid on this machine';
    log(
      'warn',
      `${name} can be reached from other machines: whoever has the token gets credentials, over plain http; ${imds}`,
    );
  }
  if (kind === 'unix' && allowUids !== undefined) {
    const mode = `its mode (${socketMode.toString(8).padStart(4, '0')} where we made it)`;
    log('warn', `--allow-uid cannot be checked on ${name}: ${mode} decides who may connect`);
  }
}

function demandToken(name: string, tokenFile: Access['tokenFile']): void {
  if (tokenFile !== undefined) return;
  throw new RolesAnywhereError(
    'OPTION_MISSING',
    `listening on ${name} needs --token-file: other machines can connect`,
    {
      hints: ['listen on 127.0.0.1, [::1] or a Unix socket, which need no token'],
    },
  );
}
