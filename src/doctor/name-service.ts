import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { systemCodeOf } from '../core/errno.ts';

/** One address of a name. */
export interface Address {
  readonly address: string;
  readonly family: number;
}

/** How names are looked up and addresses tried. */
export interface NameService {
  /** All that the system's own resolver has, as for every connection. @throws with a code: ENOTFOUND, EAI_AGAIN */
  lookUp(host: string): Promise<readonly Address[]>;
  /** @returns undefined where somebody answers, else why not: ECONNREFUSED, ENETUNREACH, ETIMEDOUT */
  reach(address: string, port: number): Promise<string | undefined>;
}

/** Milliseconds: who has not answered by then makes every client wait that tries no other address meanwhile. */
const patience = 3000;

export const systemNames: NameService = {
  lookUp: (host) => lookup(host, { all: true }),
  reach: (address, port) =>
    new Promise((resolve) => {
      const socket = connect({ host: address, port });
      const settle = (code?: string): void => {
        socket.destroy();
        resolve(code);
      };
      socket.setTimeout(patience, () => settle('ETIMEDOUT'));
      socket.once('connect', () => settle());
      socket.once('error', (error) => settle(systemCodeOf(error) ?? 'no reason'));
    }),
};
