import 'reflect-metadata';
import { createHash, randomBytes } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { derTag, readElements } from '../trust/x509/der.ts';
import type {
  AuthorityOptions,
  CertificateAuthority,
  IntermediateOptions,
  IssuedLeaf,
  LeafOptions,
} from './authority.ts';
import { checkAuthority, checkIntermediate, checkLeafOptions } from './check-options.ts';
import { type CertificateHash, type KeyPair, makeKeyPair } from './key-pair.ts';

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Makes a root CA that lives in memory: the sandbox's own, or another one whose leaves shall be refused.
 *
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID
 *
 * @example
 * ```ts
 * import { createCertificateAuthority } from 'roles-anywhere/sandbox';
 *
 * const stranger = await createCertificateAuthority({ subject: 'CN=Some other CA' });
 * export const leaf = await stranger.issueLeaf({ subject: 'CN=worker', keyType: 'RSA-2048' });
 * ```
 */
export async function createCertificateAuthority(options: AuthorityOptions = {}): Promise<CertificateAuthority> {
  checkAuthority(options);
  const now = options.now ?? (() => new Date());
  const keys = await makeKeyPair(options.keyType ?? 'P-256');
  const certificate = await makeAuthorityCertificate({ options, keys, issuer: undefined, now: now() });
  return makeAuthority({ certificate, keys, chain: '' }, now);
}

/** A CA with its key. */
interface Issuer {
  readonly certificate: X509Certificate;
  readonly keys: KeyPair;
  /** PEM of the intermediates from this one up, the root left out. */
  readonly chain: string;
}

function makeAuthority(issuer: Issuer, now: () => Date): CertificateAuthority {
  return {
    certificate: toPem(issuer.certificate),
    issueLeaf: (options = {}) => issueLeaf(issuer, options, now()),
    issueIntermediate: async (options = {}) => {
      checkIntermediate(options);
      const keys = await makeKeyPair(options.keyType ?? 'P-256');
      const named = { subject: 'CN=Sandbox Intermediate CA', ...options };
      const certificate = await makeAuthorityCertificate({ options: named, keys, issuer, now: now() });
      return makeAuthority({ certificate, keys, chain: `${toPem(certificate)}${issuer.chain}` }, now);
    },
  };
}

interface AuthorityRequest {
  readonly options: IntermediateOptions;
  readonly keys: KeyPair;
  /** Undefined for a root. */
  readonly issuer: Issuer | undefined;
  readonly now: Date;
}

async function makeAuthorityCertificate({ options, keys, issuer, now }: AuthorityRequest): Promise<X509Certificate> {
  const subject = options.subject ?? 'CN=Sandbox CA';
  const notBefore = new Date(now.getTime() - dayMs);
  return signCertificate(
    {
      subject,
      issuer: issuer?.certificate.subjectName ?? subject,
      notBefore,
      notAfter: new Date(notBefore.getTime() + (options.days ?? 3650) * dayMs),
      serialNumber: randomSerialNumber(),
      publicKey: keys.publicKeyInfo,
      extensions: [
        new BasicConstraintsExtension(true, options.pathLength, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        ...keyIdentifiers(keys.publicKeyInfo, issuer?.keys.publicKeyInfo ?? keys.publicKeyInfo),
      ],
    },
    { keys: issuer?.keys ?? keys, hash: 'SHA-256' },
  );
}

async function issueLeaf(issuer: Issuer, options: LeafOptions, now: Date): Promise<IssuedLeaf> {
  checkLeafOptions(options);
  const keys = await makeKeyPair(options.keyType ?? 'P-256');
  const notBefore = options.notBefore ?? new Date(now.getTime() - dayMs);
  const serialNumber = options.serialNumber ?? BigInt(`0x${randomSerialNumber()}`);
  const certificate = await signCertificate(
    {
      subject: options.subject ?? 'CN=sandbox.example',
      issuer: issuer.certificate.subjectName,
      notBefore,
      notAfter: new Date(notBefore.getTime() + (options.days ?? 30) * dayMs),
      serialNumber: evenHex(serialNumber),
      publicKey: keys.publicKeyInfo,
      extensions: [...leafExtensions(options), ...keyIdentifiers(keys.publicKeyInfo, issuer.keys.publicKeyInfo)],
    },
    { keys: issuer.keys, hash: options.hash ?? 'SHA-256' },
  );
  return { certificate: toPem(certificate), privateKey: keys.privateKeyPem, chain: issuer.chain, serialNumber };
}

function leafExtensions(options: LeafOptions): Extension[] {
  const usages = options.keyUsages ?? ['digitalSignature'];
  const names = options.alternativeNames ?? [];
  return [
    new BasicConstraintsExtension(options.ca ?? false, undefined, true),
    ...(usages.length === 0 ? [] : [new KeyUsagesExtension(keyUsageFlags(usages), true)]),
    new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
  ];
}

function keyUsageFlags(usages: NonNullable<LeafOptions['keyUsages']>): KeyUsageFlags {
  return usages.map((usage): KeyUsageFlags => KeyUsageFlags[usage]).reduce((sum, flag) => sum | flag);
}

function keyIdentifiers(own: Uint8Array, issuers: Uint8Array): Extension[] {
  return [
    new SubjectKeyIdentifierExtension(keyIdentifier(own)),
    new AuthorityKeyIdentifierExtension(keyIdentifier(issuers)),
  ];
}

/** Any value that is unique will do (RFC 5280, section 4.2.1.2). */
function keyIdentifier(info: Uint8Array): string {
  return createHash('sha256').update(info).digest('hex').slice(0, 40);
}

type CertificateContent = Omit<Parameters<typeof X509CertificateGenerator.create>[0], 'signingKey' | 'signature'>;

/**
 * Signs with keys that WebCrypto does not know everywhere: a draft with no signature gives the bytes to sign, and the
 * same content with the signature on them is the certificate.
 */
async function signCertificate(
  content: CertificateContent,
  signer: { readonly keys: KeyPair; readonly hash: CertificateHash },
): Promise<X509Certificate> {
  const params = { ...content, signingAlgorithm: signer.keys.signingAlgorithm(signer.hash) };
  const draft = await X509CertificateGenerator.create({ ...params, signature: new Uint8Array(132).fill(1) });
  const [certificate] = readElements(new Uint8Array(draft.rawData));
  const [signedPart] = readElements(certificate?.content ?? new Uint8Array());
  if (signedPart?.tag !== derTag.sequence) throw new TypeError('the draft of a certificate has no signed part');
  return X509CertificateGenerator.create({ ...params, signature: signer.keys.sign(signedPart.raw, signer.hash) });
}

/** Positive and of full length (RFC 5280, section 4.1.2.2). */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

/** With a leading zero byte where the first bit would make the INTEGER negative. */
function evenHex(serialNumber: bigint): string {
  const hex = serialNumber.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  return /^[89a-f]/.test(even) ? `00${even}` : even;
}

function toPem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
