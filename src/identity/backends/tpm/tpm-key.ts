import { RolesAnywhereError } from '../../../core/errors.ts';
import { naming, Problem } from '../../problem.ts';
import { equalBytes } from '../../x509/der.ts';
import type { KeyLoader } from './key-loader.ts';
import { type KeyPolicy, keyPolicyOf } from './key-authorization.ts';
import { isPersistentHandle, type LoadedKey, loadTss2Key } from './load-key.ts';
import { signingKeyOf } from './signing-scheme.ts';
import { nullHandle } from './tpm2/command.ts';
import { readPublic } from './tpm2/commands.ts';
import type { TpmConnection } from './tpm2/connection.ts';
import type { AsymmetricPublic } from './tpm2/public-area.ts';
import { canSalt } from './tpm2/salt.ts';
import { readTss2Key } from './tss2-key.ts';

/** Where a TPM key is. `origin` is how messages name it: `--private-key: /etc/pki/leaf.pem`. */
export type TpmKeySource = { readonly origin: string } & (
  | {
      readonly kind: 'tss2';
      /** PEM or DER of a TSS2 PRIVATE KEY. */
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'handle';
      /** 0x81000000 to 0x81ffffff */
      readonly handle: number;
    }
);

/** A key that can sign, and the way to load it. */
export interface TpmKey {
  readonly publicKey: AsymmetricPublic;
  readonly policy: KeyPolicy;
  /** Somebody says that it has no password. */
  readonly emptyAuth: boolean;
  /** What must be authorized to load it. */
  readonly parent: 'key' | 'hierarchy' | 'none';
  /** @param parentPassword of the parent key or hierarchy */
  load(tpm: TpmConnection, parentPassword: Uint8Array): Promise<LoadedKey>;
}

/** Finds out what the key is; the TPM is asked only where no file tells. */
export function describeKey(source: TpmKeySource, loader: KeyLoader): Promise<TpmKey> {
  return naming(source.origin, 'TPM_KEY_INVALID', () =>
    source.kind === 'tss2' ? keyInFile(source.bytes) : keyAtHandle(source, loader),
  );
}

/** TPM_RH (TPM 2.0 Library, part 2, section 7.4) */
const hierarchies: ReadonlySet<number> = new Set([
  0x4000_0001, // TPM_RH_OWNER
  nullHandle,
  0x4000_000b, // TPM_RH_ENDORSEMENT
  0x4000_000c, // TPM_RH_PLATFORM
]);

function keyInFile(bytes: Uint8Array): TpmKey {
  const key = readTss2Key(bytes);
  if (!isPersistentHandle(key.parent) && !hierarchies.has(key.parent)) {
    const parent = `0x${key.parent.toString(16).padStart(8, '0')}`;
    throw new Problem(
      `names the parent ${parent}, which is neither a persistent key nor a hierarchy`,
      'TPM_KEY_INVALID',
    );
  }
  const publicKey = signingKeyOf(key.area);
  const policy = keyPolicyOf(key.area, key.policy);
  return {
    publicKey,
    policy,
    emptyAuth: key.emptyAuth,
    parent: isPersistentHandle(key.parent) ? 'key' : 'hierarchy',
    async load(tpm, parentPassword) {
      const loaded = await loadTss2Key(tpm, key, parentPassword);
      // Policy sessions are salted to the parent one by one; a password has the session that the key was loaded with.
      return policy.kind === 'policy' ? loaded : withoutParent(tpm, loaded);
    },
  };
}

/** A resource manager swaps what is loaded in and out with every command, and without one slots are few. */
async function withoutParent(tpm: TpmConnection, loaded: LoadedKey): Promise<LoadedKey> {
  if (loaded.salt !== undefined && !isPersistentHandle(loaded.salt.handle)) await tpm.flush(loaded.salt.handle);
  return { ...loaded, salt: undefined };
}

async function keyAtHandle(source: TpmKeySource & { kind: 'handle' }, loader: KeyLoader): Promise<TpmKey> {
  const find = async (tpm: TpmConnection): Promise<LoadedKey> => {
    const object = await tpm.run(readPublic(source.handle));
    return { object, salt: canSalt(object.area) ? object : undefined, session: undefined };
  };
  const area = await loader.use(find, async (_, key) => key.object.area);
  return {
    publicKey: signingKeyOf(area),
    policy: keyPolicyOf(area, []),
    emptyAuth: false,
    parent: 'none',
    async load(tpm) {
      const found = await find(tpm);
      if (equalBytes(found.object.area.encoded, area.encoded)) return found;
      throw new RolesAnywhereError('TPM_KEY_INVALID', `${source.origin} now holds another key`);
    },
  };
}
