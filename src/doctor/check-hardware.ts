import type { IdentitySource, KeySource } from '../identity/identity.ts';
import type { Check, Examination } from './examination.ts';
import { fail, pass, skip } from './finding.ts';
import type { Finding } from './report.ts';

/** Module, slot, token and the state of its PIN, which is not tried. */
export const checkToken: Check = {
  name: 'token',
  async run(examination) {
    const sources = sourcesOf(examination).filter((source) => source.kind === 'pkcs11');
    const [first] = sources;
    if (first === undefined) return [skip('neither certificate nor key is on a PKCS#11 token')];
    const { describeTokens } = await import('../identity/backends/pkcs11/describe-tokens.ts');
    await examination.context.isolateOutput?.();
    examination.facts.noLogin = 'the token cannot be looked at';
    const { module, tokens } = await describeTokens(sources, sourceOf(examination)?.pkcs11, examination.context.life);
    examination.facts.noLogin = undefined;
    const findings = tokens.map((token) => tokenFinding(token, examination));
    return [pass(`${first.option}: the module ${module}`), ...findings];
  },
};

interface TokenState {
  readonly name: string;
  readonly slot: string;
  readonly pin: 'not needed' | 'untried' | 'count low' | 'last try' | 'locked';
}

const pinWords: Readonly<Record<TokenState['pin'], string>> = {
  'not needed': 'it asks for no PIN',
  untried: 'no wrong PIN was given since the last right one',
  'count low': 'a wrong PIN was given',
  'last try': 'one more wrong PIN locks it',
  locked: 'its PIN is locked',
};

function tokenFinding({ name, slot, pin }: TokenState, { facts }: Examination): Finding {
  const message = `${name} in slot ${slot}: ${pinWords[pin]}`;
  if (pin === 'not needed' || pin === 'untried') return pass(message);
  facts.noLogin = `the PIN is not tried: ${message}`;
  if (pin === 'locked') {
    return fail('PIN_LOCKED', message, "unlock it with the token's PUK or security officer PIN");
  }
  const finding = fail(
    'pin-tries',
    message,
    'log in with another program that shows the tries left: pkcs11-tool --login',
  );
  return { ...finding, status: 'WARN' };
}

/** The TPM, and whether it is locked. */
export const checkTpm: Check = {
  name: 'tpm',
  async run(examination) {
    const isTpm = await usesTpm(examination);
    if (!isTpm) return [skip('the key is in no TPM')];
    const { describeTpm } = await import('../identity/backends/tpm/describe-tpm.ts');
    examination.facts.noLogin = 'the TPM cannot be looked at';
    const { name, failures, most, interval } = await describeTpm(sourceOf(examination)?.tpm?.device);
    examination.facts.noLogin = undefined;
    if (failures === undefined || most === undefined || most === 0) return [pass(`${name} answers`)];
    const message = `${name}: ${failures} of ${most} wrong passwords until it locks`;
    if (failures < most) return [pass(message)];
    examination.facts.noLogin = `no password is sent: ${message}`;
    const wait = interval === undefined ? '' : `, or wait: it forgives one every ${interval} s`;
    return [
      fail(
        'TPM_LOCKED_OUT',
        `${name} is locked: too many wrong passwords were given`,
        `tpm2_dictionarylockout --clear-lockout unlocks it${wait}`,
      ),
    ];
  },
};

/** A handle says so itself; of a file its PEM does. */
async function usesTpm(examination: Examination): Promise<boolean> {
  const [certificate, privateKey = certificate] = sourcesOf(examination);
  if (privateKey === undefined) return false;
  if (privateKey.kind === 'tpm-handle') return true;
  if (privateKey.kind !== 'file') return false;
  try {
    const { readFile } = await import('../core/fs/read-file.ts');
    const { bytes } = await readFile(privateKey.path, { bytes: 1024 * 1024 });
    const isTpm = bytes.includes('-----BEGIN TSS2 PRIVATE KEY-----');
    bytes.fill(0);
    return isTpm;
  } catch {
    return false;
  }
}

/** A store of the operating system, and what of it is meant. */
export const checkStore: Check = {
  name: 'store',
  async run(examination) {
    const source = sourcesOf(examination).find(({ kind }) => kind === 'windows-store' || kind === 'keychain');
    if (source === undefined) return [skip('neither certificate nor key is in a store of the operating system')];
    const { certificateStoreOf } = await import('../identity/backends/registry.ts');
    try {
      const found = await certificateStoreOf([source])?.listCertificates({ certificate: source }, examination.context);
      const names = (found ?? []).map(({ uri }) => uri);
      if (names.length > 0) return [pass(`${source.option}: the store has ${names.join(', ')}`)];
      examination.facts.noLogin = 'the store has no such certificate';
      return [
        fail(
          'STORE_NOT_FOUND',
          `${source.option}: the store has no such certificate`,
          'certificates lists what is there',
        ),
      ];
    } catch (error) {
      examination.facts.noLogin = 'the store cannot be opened';
      throw error;
    }
  },
};

function sourcesOf(examination: Examination): readonly KeySource[] {
  const { certificate, privateKey } = sourceOf(examination) ?? {};
  return [certificate, privateKey].filter((source) => source !== undefined);
}

/** Undefined for an identity that a program made. */
function sourceOf({ subject: { identity } }: Examination): IdentitySource | undefined {
  return identity === undefined || 'signer' in identity || 'use' in identity ? undefined : identity;
}
