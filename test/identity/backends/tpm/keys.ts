/** Keys made in a TPM by the tools that users have: tpm2-tools and tpm2-openssl. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';
import type { TpmKeySource } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import type { Swtpm } from '../../../support/swtpm.ts';

export const signAttributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign';
export const parentAttributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt';

/** A TSS2 PRIVATE KEY file by `openssl genpkey`, below the storage key that the owner hierarchy stands for. */
export async function opensslKey(
  tpm: Swtpm,
  path: string,
  algorithm: string,
  options: readonly string[],
): Promise<TpmKeySource> {
  const pkeyOptions = options.flatMap((option) => ['-pkeyopt', option]);
  await tpm.openssl('genpkey', '-algorithm', algorithm, ...pkeyOptions, '-out', path);
  return fileSource(path);
}

export function fileSource(path: string): TpmKeySource {
  return { kind: 'tss2', bytes: readFileSync(path), origin: `--private-key: ${path}` };
}

export function handleSource(handle: number): TpmKeySource {
  return { kind: 'handle', handle, origin: `--private-key: TPM handle 0x${handle.toString(16)}` };
}

export interface ToolKey {
  /** What tpm2_create takes after -G: `ecc256:ecdsa`. */
  readonly type: string;
  readonly attributes?: string;
  readonly password?: string;
  /** `-L` */
  readonly policy?: string;
  /** Context file or handle of the parent; a new ECC storage key in the owner hierarchy when not given. */
  readonly parent?: string;
  readonly parentPassword?: string;
}

/** A primary storage key in `<folder>/<name>.ctx`, by tpm2_createprimary. */
export async function makeParent(
  tpm: Swtpm,
  folder: string,
  name: string,
  ...options: readonly string[]
): Promise<string> {
  const context = join(folder, `${name}.ctx`);
  const type = options.includes('-G') ? [] : ['-G', 'ecc256:null:aes128cfb'];
  await tpm.tool(
    'tpm2_createprimary',
    '-C',
    'o',
    '-g',
    'sha256',
    ...type,
    '-a',
    parentAttributes,
    '-c',
    context,
    ...options,
  );
  return context;
}

/** `<folder>/<name>.pub` and `.priv` by tpm2_create: TPM2B_PUBLIC and TPM2B_PRIVATE. Returns the parent. */
export async function toolKey(tpm: Swtpm, folder: string, name: string, key: ToolKey): Promise<string> {
  const parent = key.parent ?? (await makeParent(tpm, folder, `${name}-parent`));
  const parts = ['-u', join(folder, `${name}.pub`), '-r', join(folder, `${name}.priv`)];
  const optional = [
    ...(key.password === undefined ? [] : ['-p', key.password]),
    ...(key.policy === undefined ? [] : ['-L', key.policy]),
    ...(key.parentPassword === undefined ? [] : ['-P', key.parentPassword]),
  ];
  const attributes = key.attributes ?? signAttributes;
  await tpm.tool('tpm2_create', '-C', parent, '-G', key.type, '-a', attributes, ...parts, ...optional);
  return parent;
}

/** Puts a key of `toolKey` at a persistent handle. */
export async function persist(
  tpm: Swtpm,
  folder: string,
  name: string,
  parent: string,
  handle: number,
): Promise<TpmKeySource> {
  const context = join(folder, `${name}.ctx`);
  const [publicPart, privatePart] = [join(folder, `${name}.pub`), join(folder, `${name}.priv`)];
  await tpm.tool('tpm2_load', '-C', parent, '-u', publicPart, '-r', privatePart, '-c', context);
  await tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', context, `0x${handle.toString(16)}`);
  return handleSource(handle);
}

export interface Tss2Fields {
  readonly type?: string;
  readonly emptyAuth?: boolean;
  readonly policy?: readonly { readonly code: number; readonly parameters: Uint8Array }[];
  readonly secret?: Uint8Array;
  readonly description?: string;
  readonly rsaParent?: boolean;
  readonly parent: number;
  readonly publicPart: Uint8Array;
  readonly privatePart: Uint8Array;
}

const explicit = (number: number, contents: Uint8Array): Buffer => encodeElement(0xa0 | number, contents);
const octets = (bytes: Uint8Array): Buffer => encodeElement(0x04, bytes);
const boolean = (value: boolean): Buffer => encodeElement(0x01, Uint8Array.of(value ? 0xff : 0));

/** INTEGER of a number below 2^32. */
function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return encodeElement(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** DER of 2.23.133.10.1.3 and .4. */
const loadable = '06066781050a0103';
const importable = '06066781050a0104';

/** DER of a TSS2 PRIVATE KEY, written here: tools that write every field are not packaged. */
export function tss2File(fields: Tss2Fields): TpmKeySource {
  const { emptyAuth, policy, secret, description, rsaParent } = fields;
  const type = fields.type ?? (secret === undefined ? loadable : importable);
  const steps = policy?.map(({ code, parameters }) =>
    encodeElement(0x30, explicit(0, integer(code)), explicit(1, octets(parameters))),
  );
  const bytes = encodeElement(
    0x30,
    Buffer.from(type, 'hex'),
    ...(emptyAuth === undefined ? [] : [explicit(0, boolean(emptyAuth))]),
    ...(steps === undefined ? [] : [explicit(1, encodeElement(0x30, ...steps))]),
    ...(secret === undefined ? [] : [explicit(2, octets(secret))]),
    ...(description === undefined ? [] : [explicit(4, encodeElement(0x0c, Buffer.from(description)))]),
    ...(rsaParent === undefined ? [] : [explicit(5, boolean(rsaParent))]),
    integer(fields.parent),
    octets(fields.publicPart),
    octets(fields.privatePart),
  );
  return { kind: 'tss2', bytes, origin: '--private-key: key.pem' };
}

/** A key of `toolKey` as a file. */
export function toolKeyFile(
  folder: string,
  name: string,
  fields: Omit<Tss2Fields, 'publicPart' | 'privatePart'>,
): TpmKeySource {
  const publicPart = readFileSync(join(folder, `${name}.pub`));
  return tss2File({ ...fields, publicPart, privatePart: readFileSync(join(folder, `${name}.priv`)) });
}
