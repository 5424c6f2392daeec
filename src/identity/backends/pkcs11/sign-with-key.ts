import { RolesAnywhereError } from '../../../core/errors.ts';
import { hashBy } from '../../../runtime/node/crypto.ts';
import { type Digest, hashName } from '../../signer.ts';
import { encodeEcdsaSignature } from '../../x509/der-writer.ts';
import { CryptokiError, type CryptokiSession, isResult, mechanism } from './cryptoki.ts';
import { type FoundToken, nameOfToken } from './find-token.ts';
import type { Pin } from './pin.ts';
import type { TokenKey } from './token-objects.ts';

/** A token with which a session is open and the user logged in. */
export interface LoggedIn {
  readonly session: CryptokiSession;
  readonly token: FoundToken;
  readonly pin: Pin;
}

export interface MessageToSign {
  readonly message: Uint8Array;
  readonly digest: Digest;
}

/**
 * One signature, in wire form.
 *
 * @throws CryptokiError
 * @throws RolesAnywhereError PIN_*, PKCS11_FAILED
 */
export async function signWithKey(login: LoggedIn, key: TokenKey, toSign: MessageToSign): Promise<Uint8Array> {
  try {
    return await signInAnyWay(login, key, { ...toSign, ways: signingWays(key, toSign.digest) });
  } catch (error) {
    if (!isResult(error, 'CKR_MECHANISM_INVALID')) throw error;
    throw new RolesAnywhereError(
      'PKCS11_FAILED',
      `${nameOfToken(login.token.info)} has no mechanism for ${key.algorithm} signatures with ${toSign.digest}`,
      { cause: error, hints: ['pkcs11-tool --list-mechanisms shows what it has'] },
    );
  }
}

interface Attempt extends MessageToSign {
  readonly ways: readonly SigningWay[];
}

/** Whatever a module answers to the mechanism that it does not like: the next one may do. */
async function signInAnyWay(login: LoggedIn, key: TokenKey, attempt: Attempt): Promise<Uint8Array> {
  const way = await startAny(login, key, attempt.ways);
  try {
    return wireForm(key, await login.session.sign(way.input(attempt.message)));
  } catch (error) {
    const ways = attempt.ways.slice(attempt.ways.indexOf(way) + 1);
    if (ways.length === 0 || !mayTryAgain(error, key)) throw error;
    return signInAnyWay(login, key, { ...attempt, ways }).catch((other: unknown) => {
      throw moreTelling(error, other);
    });
  }
}

/**
 * Whether it may be the mechanism that the token does not like. Where it is a person, the session or the device, another
 * try would only cost another PIN, touch or wait.
 */
function mayTryAgain(error: unknown, key: TokenKey): boolean {
  return error instanceof CryptokiError && !key.alwaysAuthenticate && !isResult(error, ...notTheMechanism);
}

const notTheMechanism = [
  'CKR_CANCEL',
  'CKR_FUNCTION_CANCELED',
  'CKR_FUNCTION_REJECTED',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
];

/** C_SignInit in the first way that the token takes; with the login behind it where the key wants one. */
async function startAny(login: LoggedIn, key: TokenKey, ways: readonly SigningWay[]): Promise<SigningWay> {
  const { session, token, pin } = login;
  const started: SigningWay[] = [];
  const start = async (): Promise<void> => void started.push(await firstToStart(session, key, ways));
  if (key.alwaysAuthenticate) await pin.startSigning(session, token, start);
  else await start();
  const way = started.at(-1);
  if (way === undefined) throw new TypeError('no signature was started');
  return way;
}

async function firstToStart(session: CryptokiSession, key: TokenKey, ways: readonly SigningWay[]): Promise<SigningWay> {
  let failure: unknown;
  for (const way of ways) {
    try {
      await session.startSigning(key.object, way.mechanism);
      return way;
    } catch (error) {
      failure = failure === undefined ? error : moreTelling(failure, error);
    }
  }
  throw failure;
}

/** The first one, but for a mechanism that the token just does not have. */
function moreTelling(first: unknown, other: unknown): unknown {
  return isResult(first, 'CKR_MECHANISM_INVALID') ? other : first;
}

/** One way to have a token sign. */
interface SigningWay {
  readonly mechanism: number;
  /** What C_Sign gets. */
  readonly input: (message: Uint8Array) => Uint8Array;
}

/**
 * How to sign with a key, the best way first: hashing here, as all tokens can do the rest, then the mechanisms in which
 * the token hashes. Both give the same signature.
 */
function signingWays(key: TokenKey, digest: Digest): readonly SigningWay[] {
  const whole = { input: (message: Uint8Array): Uint8Array => message };
  return key.algorithm === 'RSA'
    ? [
        { mechanism: mechanism.rsaPkcs, input: (message) => digestInfo(message, digest) },
        { mechanism: hashingRsa[digest], ...whole },
      ]
    : [
        { mechanism: mechanism.ecdsa, input: (message) => truncatedHash(message, digest, key.orderBytes) },
        { mechanism: hashingEcdsa[digest], ...whole },
      ];
}

/**
 * A token's signature in the wire form of Signer.sign. ECDSA comes as r ‖ s, each as long as the order of the curve
 * (PKCS#11 v2.40 mechanisms, section 2.3.1).
 */
function wireForm(key: TokenKey, signature: Uint8Array): Uint8Array {
  if (key.algorithm === 'RSA') return signature;
  if (signature.length !== 2 * key.orderBytes) {
    throw new RolesAnywhereError(
      'PKCS11_FAILED',
      `the token made an ECDSA signature of ${signature.length} bytes, where ${2 * key.orderBytes} are right`,
    );
  }
  return encodeEcdsaSignature(signature.subarray(0, key.orderBytes), signature.subarray(key.orderBytes));
}

const hashingRsa: Readonly<Record<Digest, number>> = {
  'SHA-256': mechanism.sha256RsaPkcs,
  'SHA-384': mechanism.sha384RsaPkcs,
  'SHA-512': mechanism.sha512RsaPkcs,
};

const hashingEcdsa: Readonly<Record<Digest, number>> = {
  'SHA-256': mechanism.ecdsaSha256,
  'SHA-384': mechanism.ecdsaSha384,
  'SHA-512': mechanism.ecdsaSha512,
};

/** DER of DigestInfo up to the hash (RFC 8017, section 9.2, note 1). */
const digestInfoPrefixes: Readonly<Record<Digest, string>> = {
  'SHA-256': '3031300d060960864801650304020105000420',
  'SHA-384': '3041300d060960864801650304020205000430',
  'SHA-512': '3051300d060960864801650304020305000440',
};

function digestInfo(message: Uint8Array, digest: Digest): Uint8Array {
  return Buffer.concat([Buffer.from(digestInfoPrefixes[digest], 'hex'), hash(message, digest)]);
}

/** ECDSA uses the leftmost bits of a hash that is longer than the order (FIPS 186-5, section 6.4.1); strict tokens do not cut. */
function truncatedHash(message: Uint8Array, digest: Digest, orderBytes: number): Uint8Array {
  return hash(message, digest).subarray(0, orderBytes);
}

function hash(message: Uint8Array, digest: Digest): Buffer {
  return hashBy(hashName(digest), message);
}
