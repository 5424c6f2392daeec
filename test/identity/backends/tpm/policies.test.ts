import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTpmSigner, type TpmKeySource } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { needsTpm, startPty, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { startTpmProxy } from '../../../support/tpm-proxy.ts';
import { at, verified, given, message, signOnce } from './judge.ts';
import { persist, toolKey, toolKeyFile } from './keys.ts';

const owner = 0x4000_0001;
const secret = 'correct horse battery';
const policyOnly = 'fixedtpm|fixedparent|sensitivedataorigin|sign';

const policyAuthValue = { code: 0x16b, parameters: new Uint8Array() };
const policyPassword = { code: 0x18c, parameters: new Uint8Array() };

/** TPM2B_DIGEST pcrDigest and TPML_PCR_SELECTION of sha256:0,16. */
function policyPcr(digest: Uint8Array = new Uint8Array()): { code: number; parameters: Uint8Array } {
  const size = Buffer.of(digest.length >> 8, digest.length & 0xff);
  const selection = Buffer.from('00000001000b03010001', 'hex');
  return { code: 0x17f, parameters: Buffer.concat([size, digest, selection]) };
}

describe('policies of a TPM key', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));

  /** Digest of a policy by the tools: `make` gets the session's file. */
  async function policyBy(name: string, make: (session: string, policy: string) => Promise<unknown>): Promise<string> {
    const [session, policy] = [join(folder, `${name}.session`), join(folder, `${name}.policy`)];
    await tpm.tool('tpm2_startauthsession', '-S', session, '-g', 'sha256');
    await make(session, policy);
    await tpm.tool('tpm2_flushcontext', session);
    return policy;
  }

  async function pcrDigest(): Promise<Buffer> {
    const path = join(folder, 'pcrs');
    await tpm.tool('tpm2_pcrread', 'sha256:0,16', '-o', path);
    const { createHash } = await import('node:crypto');
    return createHash('sha256').update(readFileSync(path)).digest();
  }

  async function keyWith(
    name: string,
    policy: string,
    file: Omit<Parameters<typeof toolKeyFile>[2], 'parent'>,
    attributes = policyOnly,
  ): Promise<TpmKeySource> {
    await toolKey(tpm, folder, name, { type: 'ecc256', policy, attributes, password: secret });
    return toolKeyFile(folder, name, { parent: owner, ...file });
  }

  test.each([
    ['TPM2_PolicyAuthValue', 'tpm2_policyauthvalue', policyAuthValue],
    ['TPM2_PolicyPassword', 'tpm2_policypassword', policyPassword],
  ] as const)('%s: the password, which stays unseen', async (name, tool, step) => {
    const policy = await policyBy(name, (session, path) => tpm.tool(tool, '-S', session, '-L', path));
    const source = await keyWith(name, policy, { policy: [step] });
    const proxy = await startTpmProxy(tpm.address);
    expect(await signOnce(folder, source, at(proxy, { keyPassword: given(secret) }))).toBe('Verified OK');
    expect(proxy.traffic().includes(secret)).toBe(false);
    await proxy.stop();
    await expect(signOnce(folder, source, at(tpm, { keyPassword: given('wrong') }))).rejects.toMatchObject({
      code: 'TPM_PASSWORD_WRONG',
    });
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('TPM2_PolicyPCR: no password, and the machine as it was', async () => {
    const policy = await policyBy('pcr', (session, path) =>
      tpm.tool('tpm2_policypcr', '-S', session, '-l', 'sha256:0,16', '-L', path),
    );
    const current = await keyWith('pcr', policy, { policy: [policyPcr()] });
    const recorded = toolKeyFile(folder, 'pcr', { parent: owner, policy: [policyPcr(await pcrDigest())] });
    expect(await signOnce(folder, current, at(tpm))).toBe('Verified OK');
    expect(await signOnce(folder, recorded, at(tpm))).toBe('Verified OK');
    await tpm.tool('tpm2_pcrextend', `16:sha256=${'ab'.repeat(32)}`);
    await expect(signOnce(folder, recorded, at(tpm))).rejects.toMatchObject({
      code: 'TPM_POLICY_FAILED',
      message: '--private-key: key.pem: the PCRs of this machine are not those that the policy of the key asks for',
    });
    await expect(signOnce(folder, current, at(tpm))).rejects.toMatchObject({
      code: 'TPM_POLICY_FAILED',
      message: '--private-key: key.pem: the policy of the key is not satisfied',
    });
    expect(await tpm.leftovers()).toEqual([]);
    await tpm.tool('tpm2_pcrreset', '16');
    expect(await signOnce(folder, recorded, at(tpm))).toBe('Verified OK');
  });

  test('TPM2_PolicyPCR and TPM2_PolicyAuthValue together', async () => {
    const policy = await policyBy('both', async (session, path) => {
      await tpm.tool('tpm2_policypcr', '-S', session, '-l', 'sha256:0,16');
      await tpm.tool('tpm2_policyauthvalue', '-S', session, '-L', path);
    });
    const source = await keyWith('both', policy, { policy: [policyPcr(), policyAuthValue] });
    expect(await signOnce(folder, source, at(tpm, { keyPassword: given(secret) }))).toBe('Verified OK');
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('a held key satisfies its policy anew for every signature', async () => {
    const policy = await policyBy('held', (session, path) =>
      tpm.tool('tpm2_policyauthvalue', '-S', session, '-L', path),
    );
    const source = await keyWith('held', policy, { policy: [policyAuthValue] });
    const pty = await startPty(join(folder, 'tpmrm0'), tpm);
    const key = await openTpmSigner(source, at({ tcti: join(folder, 'tpmrm0') }, { keyPassword: given(secret) }), {});
    for (let count = 0; count < 5; count += 1) {
      expect(verified(folder, key.publicKeyInfo, await key.signer.sign(message))).toBe('Verified OK');
    }
    await key.close();
    await pty.stop();
    expect(await tpm.leftovers()).toEqual([]);
  });

  test.each([
    [0x151, 'TPM2_PolicySecret'],
    [0x16a, 'TPM2_PolicyAuthorize'],
    [0x171, 'TPM2_PolicyOR'],
    [0x16d, 'TPM2_PolicyCounterTimer'],
    [0x1234, 'command 0x1234'],
  ])('policy command 0x%s is refused by name', async (code, name) => {
    const policy = await policyBy('other', (session, path) =>
      tpm.tool('tpm2_policyauthvalue', '-S', session, '-L', path),
    );
    const steps = [policyAuthValue, { code, parameters: Buffer.from('00') }];
    const source = await keyWith('other', policy, { policy: steps });
    await expect(openTpmSigner(source, at(tpm), {})).rejects.toMatchObject({
      code: 'TPM_POLICY_UNSUPPORTED',
      message: `--private-key: key.pem has a policy with ${name}, which is not supported`,
    });
  });

  test('a policy that is not supported does not matter to a key that takes its password as well', async () => {
    const policy = await policyBy('either', (session, path) =>
      tpm.tool('tpm2_policyauthvalue', '-S', session, '-L', path),
    );
    const steps = [{ code: 0x16a, parameters: Buffer.from('00') }];
    const source = await keyWith('either', policy, { policy: steps }, `${policyOnly}|userwithauth`);
    expect(await signOnce(folder, source, at(tpm, { keyPassword: given(secret) }))).toBe('Verified OK');
  });

  test('a key that needs its policy, and nobody knows it', async () => {
    const policy = await policyBy('none', (session, path) =>
      tpm.tool('tpm2_policyauthvalue', '-S', session, '-L', path),
    );
    await toolKey(tpm, folder, 'none', { type: 'ecc256', policy, attributes: policyOnly });
    const expected = {
      code: 'TPM_POLICY_UNSUPPORTED',
      message: expect.stringContaining('can be used by its policy alone, and that policy is not known'),
    };
    await expect(openTpmSigner(toolKeyFile(folder, 'none', { parent: owner }), at(tpm), {})).rejects.toMatchObject(
      expected,
    );
    const parent = join(folder, 'none-parent.ctx');
    const handle = await persist(tpm, folder, 'none', parent, 0x8101_0030);
    await expect(openTpmSigner(handle, at(tpm), {})).rejects.toMatchObject(expected);
    expect(await tpm.leftovers()).toEqual([]);
  });

  test.each([
    ['parameters where there are none', { code: 0x16b, parameters: Buffer.from('00', 'hex') }],
    ['PCRs cut short', { code: 0x17f, parameters: policyPcr().parameters.subarray(0, 8) }],
    [
      'PCRs with something after them',
      { code: 0x17f, parameters: Buffer.concat([policyPcr().parameters, Buffer.of(0)]) },
    ],
    ['too many banks', { code: 0x17f, parameters: Buffer.from('0000ffffffff', 'hex') }],
  ])('a damaged policy: %s', async (_, step) => {
    const policy = await policyBy('bad', (session, path) =>
      tpm.tool('tpm2_policyauthvalue', '-S', session, '-L', path),
    );
    const source = await keyWith('bad', policy, { policy: [step] });
    await expect(openTpmSigner(source, at(tpm), {})).rejects.toMatchObject({ code: 'TPM_KEY_INVALID' });
  });
});
