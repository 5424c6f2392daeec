import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../../src/core/errors.ts';
import {
  openTpmSigner,
  type TpmKeySource,
  type TpmOptions,
} from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { openTransport, parseTpmDevice } from '../../../../src/identity/backends/tpm/transport/open-transport.ts';
import type { TpmTransport } from '../../../../src/identity/backends/tpm/transport/tpm-transport.ts';
import { needsTpm, startPty, startSwtpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import {
  commandCodes,
  type Outcome,
  refusal,
  type SeenCommand,
  startTpmProxy,
  type TpmProxy,
} from '../../../support/tpm-proxy.ts';
import { at, given, message, signOnce, verified } from './judge.ts';
import { opensslKey, persist, toolKey } from './keys.ts';

const secret = 'correct horse battery';

/** What can go wrong with one command. */
const mishaps: Readonly<Record<string, (command: SeenCommand) => Promise<Outcome>>> = {
  'the TPM refuses it': async () => refusal(0x101),
  'the connection is closed before it': async () => 'close',
  'the connection is closed after it': async ({ forward }) => {
    await forward();
    return 'close';
  },
  'it gets lost': async () => 'silence',
  'its answer gets lost': async ({ forward }) => {
    await forward();
    return 'silence';
  },
  'its answer is empty': async ({ forward }) => {
    await forward();
    return refusal(0);
  },
  'its answer is noise': async ({ forward }) => {
    await forward();
    return Buffer.alloc(64, 0xa5);
  },
};

/** Options whose command of this index is waited for less than half a second, where the others may take seconds. */
function hasty(tcti: string, index: number): TpmOptions {
  let sent = 0;
  const open = async (): Promise<TpmTransport> => {
    const transport = await openTransport(parseTpmDevice(tcti, '--tpm-device'));
    return {
      ...transport,
      send: (command, timeoutMs) => transport.send(command, sent++ === index ? 400 : timeoutMs),
    };
  };
  return { openTransport: open, keyPassword: given(secret) };
}

/** A transport of swtpm that says that it has a resource manager. */
async function managed(tcti: string): Promise<TpmTransport> {
  return { ...(await openTransport(parseTpmDevice(tcti, '--tpm-device'))), managed: true };
}

describe('failures of a TPM', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  let file: TpmKeySource;
  let handle: TpmKeySource;
  let proxy: TpmProxy | undefined;

  beforeAll(async () => {
    file = await opensslKey(tpm, join(folder, 'key.pem'), 'EC', ['group:P-256', `user-auth:${secret}`]);
    const parent = await toolKey(tpm, folder, 'persistent', { type: 'ecc256', password: secret });
    handle = await persist(tpm, folder, 'persistent', parent, 0x8101_0050);
  });

  afterEach(async () => {
    await proxy?.stop();
    proxy = undefined;
  });

  /** TPM_CC of the commands that one signature takes. swtpm answers the first TPM2_Sign in a while with TPM_RC_RETRY. */
  async function commandsOf(source: TpmKeySource): Promise<readonly number[]> {
    await signOnce(folder, source, at(tpm, { keyPassword: given(secret) }));
    const recorder = await startTpmProxy(tpm.address);
    await signOnce(folder, source, at(recorder, { keyPassword: given(secret) }));
    await recorder.stop();
    return recorder.codes();
  }

  test('one signature takes these commands', async () => {
    const { createPrimary, flushContext, getCapability, load, readPublic, sign, startAuthSession } = commandCodes;
    const connect = [getCapability, getCapability, getCapability];
    expect(await commandsOf(file)).toEqual([
      ...connect,
      startAuthSession,
      createPrimary,
      startAuthSession,
      load,
      flushContext,
      sign,
      flushContext,
    ]);
    // Once to learn what the key is, once to sign.
    const find = [...connect, readPublic];
    expect(await commandsOf(handle)).toEqual([...find, ...find, readPublic, startAuthSession, sign]);
  });

  /** `signed`, `failed` with one of our codes, or what else came out. */
  async function outcomeOf(source: TpmKeySource, options: TpmOptions): Promise<string> {
    try {
      return (await signOnce(folder, source, options)) === 'Verified OK' ? 'signed' : 'signed wrongly';
    } catch (error) {
      const code = error instanceof RolesAnywhereError ? error.code : String(error);
      return /^TPM_(FAILED|BUSY|UNREACHABLE)$/.test(code) ? 'failed' : code;
    }
  }

  describe.each(Object.entries(mishaps))('at each command: %s', (name, mishap) => {
    test.each(['file', 'handle'] as const)('key in a %s', async (kind) => {
      const source = kind === 'file' ? file : handle;
      const commands = await commandsOf(source);
      const found: string[] = [];
      const expected: string[] = [];
      for (const [failing, code] of commands.entries()) {
        proxy = await startTpmProxy(tpm.address, (command) =>
          command.index === failing ? mishap(command) : command.forward(),
        );
        const started = performance.now();
        const patient = at(proxy, { keyPassword: given(secret) });
        const outcome = await outcomeOf(source, name.endsWith('lost') ? hasty(proxy.tcti, failing) : patient);
        const isSlow = performance.now() - started > 4500;
        await proxy.stop();
        const leftovers = await tpm.leftovers();
        found.push(`${failing}: ${outcome}${isSlow ? ', slowly' : ''}, left ${leftovers.join()}`);
        const isFlush = code === commandCodes.flushContext;
        // The second ReadPublic of a signature by handle looks for a storage key, which need not be there.
        const isSpare = isFlush || (kind === 'handle' && failing === 8);
        const isHarmless =
          failing > commands.indexOf(commandCodes.sign) ||
          (isSpare && name === 'the TPM refuses it') ||
          (isFlush && name === 'its answer is empty');
        expected.push(`${failing}: ${isHarmless ? 'signed' : 'failed'}, left `);
      }
      expect(found).toEqual(expected);
    });
  });

  test.each([
    ['TPM_RC_RETRY', 0x922],
    ['TPM_RC_YIELDED', 0x908],
    ['TPM_RC_TESTING', 0x90a],
  ])('%s at each command: it is sent again', async (_, code) => {
    const answered = new Set<number>();
    let last = 0;
    proxy = await startTpmProxy(tpm.address, async ({ code: command, forward }) => {
      const isFirst = last !== command || !answered.delete(command);
      last = command;
      if (!isFirst) return forward();
      answered.add(command);
      return refusal(code);
    });
    expect(await signOnce(folder, file, at(proxy, { keyPassword: given(secret) }))).toBe('Verified OK');
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('a TPM that never gets to it', async () => {
    proxy = await startTpmProxy(tpm.address, async ({ code, forward }) =>
      code === commandCodes.sign ? refusal(0x922) : forward(),
    );
    const started = performance.now();
    await expect(signOnce(folder, file, at(proxy, { keyPassword: given(secret) }))).rejects.toMatchObject({
      code: 'TPM_BUSY',
      message: expect.stringMatching(/^swtpm at \S+: the TPM is busy, and put off TPM2_Sign again and again$/),
    });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('no slot free', async () => {
    proxy = await startTpmProxy(tpm.address, async ({ code, forward }) =>
      code === commandCodes.load ? refusal(0x902) : forward(),
    );
    await expect(signOnce(folder, file, at(proxy, { keyPassword: given(secret) }))).rejects.toMatchObject({
      code: 'TPM_BUSY',
      message: `--private-key: ${join(folder, 'key.pem')}: the TPM has no slot free: other programs left theirs full`,
    });
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('stopped by its signal after each command', async () => {
    const commands = await commandsOf(file);
    const found: unknown[] = [];
    const reason = new Error('the user has had enough');
    for (const stopping of commands.keys()) {
      const controller = new AbortController();
      proxy = await startTpmProxy(tpm.address, async ({ index, forward }) => {
        if (index === stopping) controller.abort(reason);
        return forward();
      });
      const options = at(proxy, { keyPassword: given(secret), signal: controller.signal });
      const outcome = await signOnce(folder, file, options).catch((error: unknown) => error);
      await proxy.stop();
      found.push([outcome, await tpm.leftovers()]);
    }
    const sign = commands.indexOf(commandCodes.sign);
    expect(found).toEqual(commands.map((_, stopping) => [stopping < sign ? reason : 'Verified OK', []]));
  });

  test('closed while it signs', async () => {
    const key = await openTpmSigner(file, at(tpm, { keyPassword: given(secret) }), {});
    const signing = [key.signer.sign(message), key.signer.sign(message)];
    const outcomes = Promise.allSettled(signing);
    await key.close();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'TPM_FAILED' } });
    }
    expect(await tpm.leftovers()).toEqual([]);
  });

  describe('with a key that is held', () => {
    let pty: { readonly stop: () => Promise<void> } | undefined;

    afterEach(async () => {
      await pty?.stop();
      pty = undefined;
    });

    test('it is loaded once', async () => {
      proxy = await startTpmProxy(tpm.address);
      const port = Number(/port=(\d+)/.exec(proxy.tcti)?.[1]);
      const device = join(folder, 'tpmrm0');
      pty = await startPty(device, { address: { host: '127.0.0.1', port } });
      const key = await openTpmSigner(file, at({ tcti: device }, { keyPassword: given(secret) }), {});
      for (let count = 0; count < 10; count += 1) {
        expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
      }
      await key.close();
      const codes = proxy.codes();
      const times = (code: number): number => codes.filter((seen) => seen === code).length;
      expect([times(commandCodes.load), times(commandCodes.sign), times(commandCodes.startAuthSession)]).toEqual([
        1, 10, 2,
      ]);
      await pty.stop();
      expect(await tpm.leftovers()).toEqual([]);
    });

    test.each(['file', 'handle'] as const)('it is loaded anew after a reset of the TPM: %s', async (kind) => {
      // The proxy stands for the kernel: the device stays open while the TPM behind it is reset.
      let isGone = false;
      proxy = await startTpmProxy(tpm.address, async ({ code, forward }) => {
        if (!isGone || code !== commandCodes.sign) return forward();
        isGone = false;
        return refusal(0x910);
      });
      const options = { keyPassword: given(secret), openTransport: () => managed(proxy?.tcti ?? '') };
      const key = await openTpmSigner(kind === 'file' ? file : handle, options, {});
      expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
      isGone = true;
      expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
      expect(isGone).toBe(false);
      await key.close();
      expect(await tpm.leftovers()).toEqual([]);
    });

    test('it is loaded anew after the connection was lost', async () => {
      const options = { keyPassword: given(secret), openTransport: () => managed(tpm.tcti) };
      const key = await openTpmSigner(file, options, {});
      expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
      await tpm.reset();
      expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
      await key.close();
      expect(await tpm.leftovers()).toEqual([]);
    });

    test('a TPM that is gone for good', async () => {
      const other = await startSwtpm(folder, 'other');
      const source = await opensslKey(other, join(folder, 'other.pem'), 'EC', ['group:P-256']);
      const key = await openTpmSigner(source, { openTransport: () => managed(other.tcti) }, {});
      await key.signer.sign(message);
      await other.stop();
      await expect(key.signer.sign(message)).rejects.toMatchObject({ code: 'TPM_UNREACHABLE' });
      await key.close();
    });
  });
});
