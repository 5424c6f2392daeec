import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFfi } from '../../src/ffi/find-ffi.ts';
import { openKeychain } from '../../src/identity/backends/macos-keychain/open-keychain.ts';
import type { StoreKey, SystemStore } from '../../src/identity/backends/system-store/system-store.ts';
import { openWindowsStore } from '../../src/identity/backends/windows-store/open-windows-store.ts';
import type { SystemStoreSource } from '../../src/identity/identity.ts';
import type { Certificate } from '../../src/identity/x509/certificate.ts';
import { distinguishedName } from '../../src/identity/x509/distinguished-name.ts';
import { describePublicKey } from '../../src/identity/x509/public-key.ts';
import type { Issued } from './openssl.ts';
import { needs, needsFfi } from './programs.ts';

/** Stores of operating systems that are not at hand: keychain-stand-in.c and windows-store-stand-in.c. */
export type SystemName = 'keychain' | 'windows-store';

/** Options for a suite that compiles them. */
export function needsStandIns(): { skip: boolean } {
  return { skip: [needs('cc'), needs('openssl'), needsFfi()].some(({ skip }) => skip) };
}

/** What is in a store besides certificate and key: what stand-in.h and the stand-ins tell of, by the ends of names. */
type Traits = Readonly<Record<string, string>>;

export interface StandIn {
  /** The shared library. */
  readonly path: string;
  /** Selects what there is in its store. */
  readonly source: SystemStoreSource;
  /**
   * Puts a certificate into the store.
   *
   * @param keyKind undefined for one without its key
   */
  put(
    name: string,
    issued: Pick<Issued, 'certificate' | 'key'>,
    keyKind?: 'rsa' | 'p256' | 'p384',
    traits?: Traits,
  ): void;
  take(name: string): void;
  /** Puts an intermediate certificate to where the system finds it, which is not the store. */
  putIssuer(issued: Pick<Issued, 'certificate'>): void;
  /** How many objects nobody has given back. */
  live(): number;
  /** How often somebody was asked. */
  asked(): number;
}

/** Compiles a stand-in, with an empty store in `folder`. */
export async function makeStandIn(folder: string, name: SystemName): Promise<StandIn> {
  const path = join(folder, `${name}.so`);
  const code = join(import.meta.dirname, `${name}-stand-in.c`);
  execFileSync('cc', ['-shared', '-fPIC', '-pthread', '-Wall', '-Wextra', '-Werror', '-o', path, code], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
  });
  const ffi = await findFfi('long');
  if (!('open' in ffi)) throw new Error(ffi.missing);
  const calls = ffi.open(path, {
    stand_in_use: { takes: ['pointer'], gives: 'void' },
    stand_in_live: { takes: [], gives: 'i32' },
    stand_in_asked: { takes: [], gives: 'i32' },
  });
  const stores = join(folder, name);
  const store = name === 'keychain' ? stores : join(stores, 'CurrentUser-MY');
  mkdirSync(store, { recursive: true });
  calls.stand_in_use(Buffer.from(`${stores}\0`));
  return {
    path,
    source: sourceOf(name),
    put(label, { certificate, key }, keyKind, traits = {}) {
      writeFileSync(join(store, `${label}.der`), new X509Certificate(readFileSync(certificate)).raw);
      if (keyKind !== undefined) copyFileSync(key, join(store, `${label}.${keyKind}`));
      for (const [end, content] of Object.entries(traits)) writeFileSync(join(store, `${label}.${end}`), content);
    },
    putIssuer({ certificate }) {
      const place = name === 'keychain' ? stores : join(stores, 'CurrentUser-CA');
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'issuer.der'), new X509Certificate(readFileSync(certificate)).raw);
    },
    take(label) {
      const files = readdirSync(store).filter((file) => file.startsWith(`${label}.`));
      for (const file of files) rmSync(join(store, file));
    },
    live: () => calls.stand_in_live(),
    asked: () => calls.stand_in_asked(),
  };
}

function sourceOf(name: SystemName): SystemStoreSource {
  const option = '--cert-selector';
  return name === 'keychain' ? { option, kind: name } : { option, kind: name, location: 'CurrentUser', store: 'MY' };
}

/** Opens the store of a stand-in. */
async function openStandIn({ path, source }: StandIn): Promise<SystemStore> {
  return source.kind === 'keychain'
    ? openKeychain(source, { foundation: path, security: path })
    : openWindowsStore(source, { crypt32: path, ncrypt: path, advapi32: path });
}

/** A certificate of a store with its key, open. */
export interface OpenedInStore {
  readonly certificate: Certificate;
  readonly key: StoreKey;
  close(): void;
}

/** Opens a certificate by what it is called in its subject. */
export async function openInStore(standIn: StandIn, commonName: string): Promise<OpenedInStore> {
  const store = await openStandIn(standIn);
  const one = store.certificates.find(
    ({ certificate }) => distinguishedName(certificate.subject) === `CN=${commonName}`,
  );
  if (one === undefined) throw new Error(`no ${commonName}`);
  const { family } = describePublicKey(one.certificate.publicKeyInfo);
  const key = await store.openKey(one, { mayAsk: false, place: commonName, family: family === 'RSA' ? 'RSA' : 'EC' });
  store.close();
  return { certificate: one.certificate, key, close: () => key.close() };
}
