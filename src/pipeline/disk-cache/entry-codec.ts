import type { Credentials } from '../../core/credentials.ts';
import { hmacSha256, openGcm, randomBytes, sealGcm, sha256 } from '../../runtime/node/crypto.ts';
import type { CacheEntry, CachedSet } from './cache-entry.ts';

/** What stands in clear in a file of the cache, none of it secret. */
export interface EntryHeader {
  /** Name of the entry: entry-key.ts. */
  readonly key: string;
  /** ARN of the role whose credentials are handed out. */
  readonly role: string;
  readonly target: string;
  readonly writtenAt: Date;
  readonly expiration: Date;
}

/** What encrypts the entries of a plan; undefined where no private key gives out bytes to make it of. */
export type EntrySeal = Buffer | undefined;

/** Changes with every change of the format: what is of another version is not ours to understand. */
const version = 1;

const cipher = 'aes-256-gcm';
const nonceLength = 12;

/**
 * The key for the entry of a plan: HKDF-SHA-256 (RFC 5869) of the bytes of its private key files, however many targets
 * they are of, salted with the name of the entry.
 */
export function sealOf(privateKeys: readonly Uint8Array[], key: string): EntrySeal {
  if (privateKeys.length === 0) return undefined;
  const secret = Buffer.concat(privateKeys.map(sha256));
  return deriveEntryKey(secret, Buffer.from(key, 'hex'), `roles-anywhere cache ${version}`);
}

/** HKDF for one block of output, in its own terms: the first call of hkdfSync costs a tenth of the whole run. */
export function deriveEntryKey(secret: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return hmacSha256(hmacSha256(salt, secret), Buffer.from(`${info}\x01`));
}

/** The text of an entry's file. */
export async function encodeEntry(entry: CacheEntry, header: EntryHeader, seal: EntrySeal): Promise<string> {
  const clear = clearPart(header, seal);
  const content = Buffer.from(JSON.stringify(entry));
  const sealed = await protect(content, clear, seal);
  return `${JSON.stringify({ ...clear, content: sealed.toString('base64') })}\n`;
}

/** What `encodeEntry` made; undefined for whatever it did not make, or not for this name and seal. */
export async function decodeEntry(text: string, key: string, seal: EntrySeal): Promise<CacheEntry | undefined> {
  try {
    const { content, ...clear } = JSON.parse(text);
    if (clear.version !== version || clear.key !== key) return undefined;
    const opened = await unprotect(Buffer.from(content, 'base64'), clear, seal);
    return entryOf(JSON.parse(opened.toString()));
  } catch {
    return undefined;
  }
}

/** The clear part of an entry's file; undefined for what is none. */
export function decodeHeader(text: string): (EntryHeader & { readonly isEncrypted: boolean }) | undefined {
  try {
    const clear = JSON.parse(text);
    if (clear.version !== version || ![clear.key, clear.role, clear.target].every(isText)) return undefined;
    const [writtenAt, expiration] = [new Date(clear.writtenAt), new Date(clear.expiration)];
    if (Number.isNaN(writtenAt.getTime() + expiration.getTime())) return undefined;
    const isEncrypted = clear.cipher === cipher;
    return { key: clear.key, role: clear.role, target: clear.target, writtenAt, expiration, isEncrypted };
  } catch {
    return undefined;
  }
}

function cipherOf(seal: EntrySeal): string {
  return seal === undefined ? 'none' : cipher;
}

function clearPart(header: EntryHeader, seal: EntrySeal): object {
  return { version, cipher: cipherOf(seal), ...header };
}

/** nonce ‖ ciphertext ‖ tag, bound to what stands in clear beside it (NIST SP 800-38D). */
async function protect(content: Buffer, clear: object, key: EntrySeal): Promise<Buffer> {
  if (key === undefined) return content;
  const nonce = randomBytes(nonceLength);
  return Buffer.concat([nonce, await sealGcm(content, { key, nonce, clear: Buffer.from(JSON.stringify(clear)) })]);
}

async function unprotect(bytes: Buffer, clear: object, key: EntrySeal): Promise<Buffer> {
  if (key === undefined) return bytes;
  const [nonce, sealed] = [bytes.subarray(0, nonceLength), bytes.subarray(nonceLength)];
  return openGcm(sealed, { key, nonce, clear: Buffer.from(JSON.stringify(clear)) });
}

/** @throws whatever, for what is no entry */
function entryOf({ target, sets, restsUntil }: { target: unknown; sets: unknown; restsUntil: unknown }): CacheEntry {
  if (!Number.isSafeInteger(target) || !Array.isArray(sets)) throw new TypeError('no entry');
  const [first, ...others] = sets.map(setOf);
  if (first === undefined) throw new TypeError('no set');
  return {
    target: Number(target),
    sets: [first, ...others],
    ...(restsUntil === undefined ? {} : { restsUntil: dateOf(restsUntil) }),
  };
}

function setOf({ credentials, obtainedAt }: { credentials: Record<string, unknown>; obtainedAt: unknown }): CachedSet {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId } = credentials;
  const set: Credentials = {
    accessKeyId: textOf(accessKeyId),
    secretAccessKey: textOf(secretAccessKey),
    sessionToken: textOf(sessionToken),
    expiration: dateOf(expiration),
    ...(accountId === undefined ? {} : { accountId: textOf(accountId) }),
  };
  return { credentials: set, obtainedAt: dateOf(obtainedAt) };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function textOf(value: unknown): string {
  if (!isText(value)) throw new TypeError('no text');
  return String(value);
}

function dateOf(value: unknown): Date {
  const date = new Date(textOf(value));
  if (Number.isNaN(date.getTime())) throw new TypeError('no date');
  return date;
}
