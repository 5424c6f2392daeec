import { RolesAnywhereError } from '../../../core/errors.ts';
import { type CryptokiSlot, explainFailure, isResult, tokenFlags, type TokenInfo } from './cryptoki.ts';
import type { OpenModule } from './open-module.ts';
import type { Pkcs11Source } from './pkcs11-options.ts';
import { formatPkcs11Uri, type LibraryVersion, type Pkcs11Uri } from '../../pkcs11-uri.ts';

/** A token in its slot, as it was when it was looked for. */
export interface FoundToken {
  readonly slot: CryptokiSlot;
  readonly info: TokenInfo;
  /** Matches this token and no other one of its module. */
  readonly uri: Pkcs11Uri;
}

/**
 * The tokens that a URI matches by its library, slot and token attributes. Blank ones are left out.
 *
 * @throws RolesAnywhereError PKCS11_NO_TOKEN when there is none
 */
export async function findTokens(module: OpenModule, { option, uri }: Pkcs11Source): Promise<readonly FoundToken[]> {
  const tokens = await listTokens(module, option);
  const matching = (await matchesLibrary(uri, module)) ? await matchingOf(tokens, uri) : [];
  if (matching.length > 0) return matching;
  throw new RolesAnywhereError(
    'PKCS11_NO_TOKEN',
    tokens.length === 0
      ? `${option}: the PKCS#11 module ${module.path} finds no token`
      : `${option}: no token matches the PKCS#11 URI`,
    {
      hints:
        tokens.length === 0
          ? ['plug the token in; a token without a label is not initialised and does not count']
          : tokens.map((token) => `there is ${formatPkcs11Uri(token.uri)}`),
    },
  );
}

/**
 * The one token of several. A PIN goes to one token only, and so never to the wrong one.
 *
 * @throws RolesAnywhereError PKCS11_AMBIGUOUS
 */
export function onlyToken(tokens: readonly FoundToken[], option: string): FoundToken {
  const [token, ...others] = tokens;
  if (token !== undefined && others.length === 0) return token;
  throw ambiguous(
    `${option}: ${tokens.length} tokens match the PKCS#11 URI`,
    tokens.map(({ uri }) => uri),
  );
}

/** @param uris the candidates, each by a URI that matches it alone */
export function ambiguous(message: string, uris: readonly Pkcs11Uri[]): RolesAnywhereError {
  const texts = uris.map((uri) => formatPkcs11Uri(uri));
  return new RolesAnywhereError('PKCS11_AMBIGUOUS', message, { hints: texts.map((text) => `write ${text}`) });
}

/** Whether this is the token that was used before, in whatever slot it is now. */
export function isSameToken(one: TokenInfo, other: TokenInfo): boolean {
  return (
    one.label === other.label &&
    one.serial === other.serial &&
    one.manufacturer === other.manufacturer &&
    one.model === other.model
  );
}

/** How messages name a token. */
export function nameOfToken({ label, serial }: TokenInfo): string {
  return `token ${JSON.stringify(label)}${serial === '' ? '' : ` (serial ${serial})`}`;
}

async function listTokens(module: OpenModule, option: string): Promise<readonly FoundToken[]> {
  const present: { readonly slot: CryptokiSlot; readonly info: TokenInfo }[] = [];
  for (const slot of await listSlots(module, option)) {
    const info = await readToken(slot);
    if (info !== undefined && !isBlank(info)) present.push({ slot, info });
  }
  return present.map(({ slot, info }) => {
    const isUnique = present.filter((other) => isSameToken(other.info, info)).length === 1;
    return { slot, info, uri: uriOf(info, isUnique ? undefined : slot.id) };
  });
}

/** Some modules offer a slot for the next token that somebody may initialise; others never set the flag. */
function isBlank({ flags, label }: TokenInfo): boolean {
  return (flags & tokenFlags.initialized) === 0 && label === '';
}

async function listSlots(module: OpenModule, option: string): Promise<readonly CryptokiSlot[]> {
  try {
    return await module.slots();
  } catch (error) {
    if (!isResult(error, ...slotFailures)) throw error;
    // Some modules, SoftHSM among them, do not get over a token that went away before they are started anew.
    await module.restart();
  }
  try {
    return await module.slots();
  } catch (error) {
    throw isResult(error, ...slotFailures) ? explainFailure(error, `${option}: listing the tokens`) : error;
  }
}

const slotFailures = [
  'CKR_GENERAL_ERROR',
  'CKR_FUNCTION_FAILED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_SLOT_ID_INVALID',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
];

/** Undefined for a token that went away, or that the module lists and cannot read. */
async function readToken(slot: CryptokiSlot): Promise<TokenInfo | undefined> {
  try {
    return await slot.token();
  } catch (error) {
    if (isResult(error, 'CKR_TOKEN_NOT_RECOGNIZED', ...slotFailures)) return undefined;
    throw error;
  }
}

function uriOf(info: TokenInfo, slotId: bigint | undefined): Pkcs11Uri {
  const { model, manufacturer, serial, label: token } = info;
  return { ...(slotId === undefined ? {} : { slotId }), model, manufacturer, serial, token };
}

/** Asks for C_GetInfo only where the URI does. */
async function matchesLibrary(uri: Pkcs11Uri, module: OpenModule): Promise<boolean> {
  const { libraryManufacturer, libraryDescription, libraryVersion } = uri;
  if ((libraryManufacturer ?? libraryDescription ?? libraryVersion) === undefined) return true;
  const { manufacturer, description, version } = await module.describe();
  return (
    (libraryManufacturer === undefined || libraryManufacturer === manufacturer) &&
    (libraryDescription === undefined || libraryDescription === description) &&
    (libraryVersion === undefined || isSameVersion(libraryVersion, version))
  );
}

function isSameVersion(one: LibraryVersion, other: LibraryVersion): boolean {
  return one.major === other.major && one.minor === other.minor;
}

async function matchingOf(tokens: readonly FoundToken[], uri: Pkcs11Uri): Promise<readonly FoundToken[]> {
  const matching: FoundToken[] = [];
  for (const token of tokens) {
    if (matchesToken(uri, token) && (await matchesSlot(uri, token.slot))) matching.push(token);
  }
  return matching;
}

function matchesToken(uri: Pkcs11Uri, { slot, info }: FoundToken): boolean {
  return (
    (uri.slotId === undefined || uri.slotId === slot.id) &&
    (uri.token === undefined || uri.token === info.label) &&
    (uri.manufacturer === undefined || uri.manufacturer === info.manufacturer) &&
    (uri.serial === undefined || uri.serial === info.serial) &&
    (uri.model === undefined || uri.model === info.model)
  );
}

async function matchesSlot({ slotDescription, slotManufacturer }: Pkcs11Uri, slot: CryptokiSlot): Promise<boolean> {
  if (slotDescription === undefined && slotManufacturer === undefined) return true;
  const { description, manufacturer } = await slot.describe();
  return (
    (slotDescription === undefined || slotDescription === description) &&
    (slotManufacturer === undefined || slotManufacturer === manufacturer)
  );
}
