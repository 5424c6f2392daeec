/**
 * Certificates, keys and PKCS#12 files made at test time by the real openssl (3.0 or later).
 *
 * Everything is a file in a folder that the suite makes with `makeFolder()`; functions return paths. All calls are
 * synchronous: put them into `beforeAll`, and make RSA keys above 2048 bits sparingly.
 *
 * @example
 * ```ts
 * const folder = makeFolder();
 * const root = makeCa(folder, 'root');
 * const leaf = makeLeaf(folder, 'leaf', root, { keyType: 'rsa:2048' });
 * const bundle = makePkcs12(folder, 'leaf', leaf, { others: [root], password: 'secret' });
 * afterAll(() => removeFolder(folder));
 * ```
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `openssl genpkey` makes; the curves by their short names. */
export type KeyType =
  | `rsa:${number}`
  | `rsa-pss:${number}`
  | 'p256'
  | 'p384'
  | 'p521'
  | 'secp256k1'
  | 'brainpoolP256r1'
  | 'ed25519'
  | 'ed448'
  | 'x25519'
  | 'dsa';

/** A certificate and its key: PEM files, the key as unencrypted PKCS#8 with mode 0600. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
  /** As openssl takes it: `/C=US/O=Example/CN=leaf`. */
  readonly subject: string;
}

export interface CertificateOptions {
  /** P-256 when not given. Ignored where `key` is given. */
  readonly keyType?: KeyType;
  /** An existing key file: for cross-signed certificates, renewals and mismatches. */
  readonly key?: string;
  /** `/CN=<name>` when not given. */
  readonly subject?: string;
  /**
   * Lines of an openssl extension section (x509v3_config), in place of the default ones of makeCa or makeLeaf.
   * An empty list makes a certificate of version 1.
   */
  readonly extensions?: readonly string[];
  /** Yesterday when not given. */
  readonly notBefore?: Date;
  /** In ten years when not given. */
  readonly notAfter?: Date;
  /** Hash of the signature on the certificate, `sha256` when not given; ignored by issuers of type ed25519. */
  readonly hash?: 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';
  /** The issuer, an RSA one, signs with RSASSA-PSS. */
  readonly pss?: boolean;
  /** Hexadecimal; random and positive when not given. */
  readonly serial?: string;
}

export interface Pkcs12Options {
  /** `''` when not given. */
  readonly password?: string;
  /** Certificates beside the leaf, in this order. */
  readonly others?: readonly Issued[];
  /** More arguments of `openssl pkcs12 -export`: `['-legacy']`, `['-nomac']`, `['-macalg', 'sha512']`. */
  readonly args?: readonly string[];
}

const caExtensions = [
  'basicConstraints = critical, CA:TRUE',
  'keyUsage = critical, keyCertSign, cRLSign',
  'subjectKeyIdentifier = hash',
  'authorityKeyIdentifier = keyid',
];

const leafExtensions = [
  'basicConstraints = critical, CA:FALSE',
  'keyUsage = critical, digitalSignature',
  'extendedKeyUsage = clientAuth',
  'subjectKeyIdentifier = hash',
  'authorityKeyIdentifier = keyid',
];

const day = 24 * 60 * 60 * 1000;

/** An empty folder of this suite's own, by its real path. Remove it with `removeFolder`. */
export function makeFolder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'roles-anywhere-test-')));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Runs openssl and returns its stdout; a failure throws with openssl's own words. Bounded to a minute. */
export function openssl(args: readonly string[], input?: string | Uint8Array): Buffer {
  return execFileSync('openssl', args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
    ...(input === undefined ? {} : { input }),
  });
}

/** A new private key in `<folder>/<name>.key`: PKCS#8, PEM, not encrypted, mode 0600. */
export function makeKey(folder: string, name: string, keyType: KeyType = 'p256'): string {
  const path = join(folder, `${name}.key`);
  writeFileSync(path, openssl(['genpkey', ...genpkeyArguments(folder, keyType)]), { mode: 0o600 });
  return path;
}

function genpkeyArguments(folder: string, keyType: KeyType): readonly string[] {
  const [family, bits] = keyType.split(':');
  if (bits !== undefined)
    return ['-algorithm', family === 'rsa' ? 'RSA' : 'RSA-PSS', '-pkeyopt', `rsa_keygen_bits:${bits}`];
  if (keyType === 'dsa') return ['-paramfile', dsaParameters(folder)];
  const curves: Readonly<Record<string, string>> = { p256: 'P-256', p384: 'P-384', p521: 'P-521' };
  if (keyType in curves || keyType === 'secp256k1' || keyType === 'brainpoolP256r1') {
    return ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curves[keyType] ?? keyType}`];
  }
  return ['-algorithm', keyType];
}

function dsaParameters(folder: string): string {
  const path = join(folder, 'dsa-parameters.pem');
  writeFileSync(path, openssl(['genpkey', '-genparam', '-algorithm', 'DSA', '-pkeyopt', 'dsa_paramgen_bits:2048']));
  return path;
}

/** A CA: self-signed, or issued by `issuer` where that is given. Files `<name>.pem` and `<name>.key`. */
export function makeCa(
  folder: string,
  name: string,
  options: CertificateOptions & { readonly issuer?: Issued } = {},
): Issued {
  return issue(folder, name, options.issuer, { extensions: caExtensions, ...options });
}

/** An end-entity certificate that Roles Anywhere takes, unless the options say otherwise. */
export function makeLeaf(folder: string, name: string, issuer: Issued, options: CertificateOptions = {}): Issued {
  return issue(folder, name, issuer, { extensions: leafExtensions, ...options });
}

/** The leaf with its key, and `others` without theirs, in `<folder>/<name>.p12`. */
export function makePkcs12(folder: string, name: string, leaf: Issued, options: Pkcs12Options = {}): string {
  const path = join(folder, `${name}.p12`);
  const others = concatenate(
    folder,
    `${name}-p12-others.pem`,
    (options.others ?? []).map((other) => other.certificate),
  );
  const input = ['-in', leaf.certificate, '-inkey', leaf.key];
  const certificates = options.others === undefined ? [] : ['-certfile', others];
  const output = ['-out', path, '-passout', `pass:${options.password ?? ''}`];
  openssl(['pkcs12', '-export', ...input, ...certificates, ...output, ...(options.args ?? [])]);
  return path;
}

/** One file out of several, in `<folder>/<name>`: bundles, combined certificate and key. Mode 0600. */
export function concatenate(folder: string, name: string, paths: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat(paths.map((part) => readFileSync(part))), { mode: 0o600 });
  return path;
}

/** The DER of the first certificate of a PEM file that openssl wrote. */
export function certificateDer(path: string): Buffer {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(readFileSync(path, 'latin1')) ?? [];
  return Buffer.from(base64, 'base64');
}

/** A bare database of `openssl ca`, which alone in openssl 3.0 sets both dates and the serial number. */
function makeDatabase(folder: string, serial: string): string {
  const base = mkdtempSync(join(folder, 'ca-'));
  writeFileSync(join(base, 'index.txt'), '');
  writeFileSync(join(base, 'index.txt.attr'), 'unique_subject = no\n');
  writeFileSync(join(base, 'serial'), `${serial.length % 2 === 0 ? serial : `0${serial}`}\n`);
  return base;
}

function configuration(base: string, extensions: readonly string[]): string {
  const path = join(base, 'openssl.cnf');
  const lines = [
    '[ca]',
    'default_ca = this',
    '[this]',
    `database = ${join(base, 'index.txt')}`,
    `serial = ${join(base, 'serial')}`,
    `new_certs_dir = ${base}`,
    'policy = anything',
    'preserve = yes',
    'string_mask = utf8only',
    '[anything]',
    ...['C', 'ST', 'L', 'O', 'OU', 'CN', 'emailAddress'].map((name) => `${name} = optional`),
    ...['serialNumber', 'SN', 'GN', 'title', 'DC', 'UID', 'street', 'postalCode'].map((name) => `${name} = optional`),
    '[req]',
    'distinguished_name = none',
    'string_mask = utf8only',
    '[none]',
    '[extensions]',
    ...extensions,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function issue(folder: string, name: string, issuer: Issued | undefined, options: CertificateOptions): Issued {
  const key = options.key ?? makeKey(folder, name, options.keyType);
  const subject = options.subject ?? `/CN=${name}`;
  const base = makeDatabase(folder, options.serial ?? `7${randomBytes(15).toString('hex')}`);
  const extensions = options.extensions ?? [];
  const config = configuration(base, extensions);
  const request = join(base, 'request.pem');
  openssl(['req', '-new', '-config', config, '-utf8', '-key', key, '-subj', subject, '-out', request]);
  const certificate = join(folder, `${name}.pem`);
  const signing =
    issuer === undefined ? ['-selfsign', '-keyfile', key] : ['-cert', issuer.certificate, '-keyfile', issuer.key];
  const dates = [
    '-startdate',
    generalizedTime(options.notBefore ?? new Date(Date.now() - day)),
    '-enddate',
    generalizedTime(options.notAfter ?? new Date(Date.now() + 3650 * day)),
  ];
  const pss = options.pss === true ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'] : [];
  const section = extensions.length === 0 ? [] : ['-extensions', 'extensions'];
  const files = ['-config', config, '-in', request, '-out', certificate];
  const hash = ['-md', options.hash ?? 'sha256'];
  openssl(['ca', '-batch', '-notext', '-utf8', ...files, ...signing, ...dates, ...hash, ...pss, ...section]);
  rmSync(base, { recursive: true });
  return { certificate, key, subject };
}

/** `20260115123456Z`. */
function generalizedTime(date: Date): string {
  return `${date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:T]/g, '')}Z`;
}
