import { afterEach, expect, test, vi } from 'vitest';
import type * as openIdentityModule from '../../src/identity/open-identity.ts';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { reloadingIdentity } from '../../src/identity/reloading-identity.ts';
import { recordingContext } from './given.ts';

/** What was opened, in order, and whether it was closed. */
const opened: { isClosed: boolean }[] = [];

vi.mock('../../src/identity/open-identity.ts', async (original) => ({
  ...(await original<typeof openIdentityModule>()),
  openIdentity: async () => {
    const state = { isClosed: false };
    opened.push(state);
    return {
      certificate: { notAfter: new Date(8.64e15) },
      state,
      close: async () => void (state.isClosed = true),
    };
  },
}));

afterEach(() => void opened.splice(0));

const bytes = Buffer.from('anything');
const source = { certificate: { option: '--certificate', kind: 'bytes', bytes, name: 'given' } } as const;

async function turnsLater(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
}

const counts = Array.from({ length: 6 }, (_, turns) => turns);

test.each(counts.flatMap((using) => counts.map((failing) => [using, failing])))(
  'who comes %i turns of the microtask queue from now does not get what a use closes that fails %i turns from now',
  async (using, failing) => {
    const reloading = reloadingIdentity(source, recordingContext());
    let fail = (_error: Error): void => undefined;
    const failure = new Promise<never>((_, reject) => (fail = reject));
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const broken = reloading.use(() => (begin(), failure)).catch(() => undefined);
    await begun;

    const used = turnsLater(using).then(() =>
      reloading.use(async (identity) => Reflect.get(identity, 'state').isClosed),
    );
    await turnsLater(failing);
    fail(new RolesAnywhereError('PKCS11_FAILED', 'the session is lost'));
    expect(await used).toBe(false);
    await broken;
    await reloading.close();
    expect(opened.map(({ isClosed }) => isClosed)).toEqual(opened.map(() => true));
  },
);
