/**
 * Tokens of SoftHSM2 made at test time, each suite's in a folder of its own.
 *
 * A PKCS#11 module reads SOFTHSM2_CONF from the environment of this process when it is initialised: `makeSoftHsm` sets
 * it, so that one suite can use one SoftHsm at a time.
 *
 * @example
 * ```ts
 * describe('with SoftHSM', needsSoftHsm(), () => {
 *   const folder = makeFolder();
 *   const token = makeSoftHsm(folder).makeToken('hsm');
 *   const leaf = makeLeaf(folder, 'leaf', makeCa(folder, 'root'));
 *   token.addKey(leaf.key, { label: 'leaf', id: '01' });
 *   token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
 *   afterAll(() => removeFolder(folder));
 * });
 * ```
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from './openssl.ts';
import { loadModule, type TestAttribute } from './cryptoki-binding.ts';
import { needs, needsFfi } from './programs.ts';

/** Options for a suite that needs SoftHSM2, pkcs11-tool of OpenSC, and calls of C functions. */
export function needsSoftHsm(): { skip: boolean } {
  return [needs('softhsm2-util'), needs('pkcs11-tool'), needsFfi()].find(({ skip }) => skip) ?? { skip: false };
}

const modulePaths = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** The module of SoftHSM2; the first place when it is in none of them, so that a failure names it. */
export const softHsmModule = modulePaths.find((path) => existsSync(path)) ?? '/usr/lib/softhsm/libsofthsm2.so';

/** The module of OpenSC that writes down every call, PINs included, and hands it on to the one that PKCS11SPY names. */
export const spyModule =
  [
    '/usr/lib/x86_64-linux-gnu/pkcs11-spy.so',
    '/usr/lib/aarch64-linux-gnu/pkcs11-spy.so',
    '/usr/lib64/pkcs11-spy.so',
  ].find((path) => existsSync(path)) ?? '/usr/lib/pkcs11-spy.so';

interface ObjectNames {
  readonly label?: string;
  /** Hexadecimal. */
  readonly id?: string;
}

export interface CertificateObject extends ObjectNames {
  readonly label: string;
  /** DER. */
  readonly subject: Uint8Array;
  readonly value: Uint8Array;
  /** Shows only after the login. */
  readonly isHidden?: boolean;
  /** Is gone with its session. */
  readonly isTransient?: boolean;
}

export interface Token {
  readonly label: string;
  readonly serial: string;
  /** A key out of a PKCS#8 PEM file. */
  addKey(path: string, names: ObjectNames, options?: { readonly alwaysAuthenticate?: boolean }): void;
  /** The public key object of a private key in a PEM file; without it SoftHSM does not show the point of an EC key. */
  addPublicKey(path: string, names: ObjectNames): void;
  /** A certificate out of a PEM file. */
  addCertificate(path: string, names: ObjectNames): void;
  removeKey(names: ObjectNames): void;
  /** A certificate object that pkcs11-tool would not write; not while this process uses the module otherwise. */
  addCertificateObject(object: CertificateObject): void;
  /** The same for any object: CKA_… and its value. */
  addObject(template: readonly TestAttribute[]): void;
  /** What pkcs11-tool prints about the token's state: `user PIN count low`, … */
  flags(): string;
}

export interface SoftHsm {
  /** Of the token folders: renamed, all tokens are pulled. */
  readonly tokenFolder: string;
  readonly configuration: string;
  makeToken(label: string, pin?: string): Token;
  /** Writes the configuration anew with these mechanisms only; `-CKM_…` leaves one out. */
  limitMechanisms(mechanisms: string): void;
}

export function makeSoftHsm(folder: string): SoftHsm {
  const tokenFolder = join(folder, 'tokens');
  const configuration = join(folder, 'softhsm2.conf');
  mkdirSync(tokenFolder);
  const configure = (mechanisms: string): void =>
    writeFileSync(
      configuration,
      `directories.tokendir = ${tokenFolder}\nobjectstore.backend = file\nlog.level = ERROR\nslots.mechanisms = ${mechanisms}\n`,
    );
  configure('ALL');
  process.env['SOFTHSM2_CONF'] = configuration;
  return {
    tokenFolder,
    configuration,
    limitMechanisms: configure,
    makeToken: (label, pin = '1234') => makeToken(folder, label, pin),
  };
}

function makeToken(folder: string, label: string, pin: string): Token {
  const output = run('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', '0000', '--pin', pin]);
  const slot = /slot (\d+)/.exec(output)?.[1] ?? '';
  const tool = (args: readonly string[]): string =>
    run('pkcs11-tool', ['--module', softHsmModule, '--slot', slot, ...args]);
  const add = (type: string, der: Buffer, names: ObjectNames, args: readonly string[]): void => {
    const path = join(folder, 'object.der');
    writeFileSync(path, der, { mode: 0o600 });
    tool(['--login', '--pin', pin, '--write-object', path, '--type', type, ...nameArguments(names), ...args]);
  };
  return {
    label,
    serial: /serial num\s*: (\w+)/.exec(tokenPart(tool(['--list-slots']), slot))?.[1] ?? '',
    addKey: (path, names, options = {}) =>
      add('privkey', openssl(['pkey', '-in', path, '-outform', 'DER']), names, [
        '--usage-sign',
        ...(options.alwaysAuthenticate === true ? ['--always-auth'] : []),
      ]),
    addPublicKey: (path, names) =>
      add('pubkey', openssl(['pkey', '-in', path, '-pubout', '-outform', 'DER']), names, []),
    addCertificate: (path, names) => add('cert', openssl(['x509', '-in', path, '-outform', 'DER']), names, []),
    removeKey: (names) => {
      tool(['--login', '--pin', pin, '--delete-object', '--type', 'privkey', ...nameArguments(names)]);
    },
    addCertificateObject: (object) => addObject(Number(slot), pin, certificateTemplate(object)),
    addObject: (template) => addObject(Number(slot), pin, template),
    flags: () => /token flags\s*: (.*)/.exec(tokenPart(tool(['--list-slots']), slot))?.[1] ?? '',
  };
}

function addObject(slotId: number, pin: string, template: readonly TestAttribute[]): void {
  const module = loadModule(softHsmModule);
  module.C_Initialize();
  const slot = module.C_GetSlotList().find((each) => each === BigInt(slotId));
  const session = module.C_OpenSession(slot ?? 0n, readWriteSession);
  module.C_Login(session, 1, pin);
  module.C_CreateObject(session, template);
  module.C_Finalize();
}

/** CKF_SERIAL_SESSION and CKF_RW_SESSION. */
export const readWriteSession = 0x4 | 0x2;

/** The attributes of CKO_CERTIFICATE, CKC_X_509. */
export function certificateTemplate({
  label,
  id,
  subject,
  value,
  ...flags
}: CertificateObject): readonly TestAttribute[] {
  return [
    { type: 0x0, value: 1 },
    { type: 0x80, value: 0 },
    { type: 0x1, value: flags.isTransient !== true },
    { type: 0x2, value: flags.isHidden === true },
    { type: 0x3, value: label },
    ...(id === undefined ? [] : [{ type: 0x102, value: Buffer.from(id, 'hex') }]),
    { type: 0x101, value: Buffer.from(subject) },
    { type: 0x11, value: Buffer.from(value) },
  ];
}

/** pkcs11-tool lists all slots, whatever --slot says. */
function tokenPart(listing: string, slot: string): string {
  return listing.split(/^Slot /m).find((part) => part.includes(`(0x${Number(slot).toString(16)})`)) ?? '';
}

function nameArguments({ label, id }: ObjectNames): readonly string[] {
  return [...(label === undefined ? [] : ['--label', label]), ...(id === undefined ? [] : ['--id', id])];
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
}
