import { afterAll, beforeAll } from 'vitest';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from './openssl.ts';

export interface IssuedChain {
  readonly folder: string;
  readonly root: Issued;
  /** A CA below the root. */
  readonly sub: Issued;
  /** Of the CA below. */
  readonly leaf: Issued;
}

/** For all tests of a file: makes a chain of P-256 keys in a folder of its own before them, and takes it away after them. */
export function useIssuedChain(take: (made: IssuedChain) => void): void {
  const folder = makeFolder();
  beforeAll(() => {
    const root = makeCa(folder, 'root');
    const sub = makeCa(folder, 'sub', { issuer: root });
    take({ folder, root, sub, leaf: makeLeaf(folder, 'leaf', sub) });
  });
  afterAll(() => removeFolder(folder));
}
