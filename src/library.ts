/**
 * The parts of the path, each for itself. What they are made of is loaded when they are called: a program that imports
 * this package pays for what it uses.
 */
import type { CredentialRequest, PipelineContext } from './pipeline/credential-plan.ts';
import type { DoctorReport } from './doctor/report.ts';
import type { DoctorOptions } from './outputs/provider/examine-init.ts';
import type { FromRolesAnywhereInit } from './outputs/provider/init.ts';
import type { Credentials } from './core/credentials.ts';
import type { IdentityContext, IdentitySource, SigningIdentity } from './identity/identity.ts';
import type { SignedRequest, SigningScope, UnsignedRequest } from './aws/sigv4-x509/request.ts';
import type { SigningMaterial } from './aws/sigv4-x509/sign-request.ts';

/**
 * Opens certificate, chain and private key together, checked against each other and against what Roles Anywhere asks
 * of a certificate. Every signature of the identity is verified before it is handed out.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*, PASSWORD_*, PKCS11_*, PIN_*, TPM_*, OPTION_*; when signing
 * SIGNATURE_INVALID
 *
 * @example
 * ```ts
 * import { fromRolesAnywhere, openIdentity } from 'roles-anywhere';
 *
 * const identity = await openIdentity(
 *   {
 *     certificate: { kind: 'file', path: '/etc/pki/leaf.pem', option: 'the certificate' },
 *     privateKey: { kind: 'file', path: '/etc/pki/leaf.key', option: 'the key' },
 *   },
 *   { now: () => new Date(), warn: console.warn },
 * );
 * export const credentials = fromRolesAnywhere({ profile: 'on-prem', identity });
 * ```
 */
export async function openIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const [module, { checkIdentityCall }] = await Promise.all([
    import('./identity/open-identity.ts'),
    import('./check-library.ts'),
  ]);
  checkIdentityCall(source, context);
  return module.openIdentity(source, context);
}

/**
 * The whole path once, with every part of it said: open the identity, ask for a session, check what came back, assume
 * the roles of the chain. Nothing of it is used again; `fromRolesAnywhere` does that.
 *
 * @throws RolesAnywhereError
 *
 * @example
 * ```ts
 * import { type CredentialRequest, obtainCredentials } from 'roles-anywhere';
 *
 * declare const request: CredentialRequest;
 * const { expiration } = await obtainCredentials(request, {
 *   now: () => new Date(),
 *   random: Math.random,
 *   sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
 *   warn: console.warn,
 *   userAgent: 'example/1.0',
 * });
 * console.log(expiration);
 * ```
 */
export async function obtainCredentials(request: CredentialRequest, context: PipelineContext): Promise<Credentials> {
  const [module, { checkCredentialCall }] = await Promise.all([
    import('./pipeline/pipeline.ts'),
    import('./check-library.ts'),
  ]);
  checkCredentialCall(request, context);
  return module.obtainCredentials(request, context);
}

/**
 * Signs a request with SigV4-X509 (IAM Roles Anywhere user guide, "The signing process"). Pure: it neither sends nor
 * reads anything. Every header handed in is signed; what must stay unsigned, as User-Agent, is added afterwards.
 *
 * @throws RolesAnywhereError OPTION_UNKNOWN, OPTION_INVALID; whatever the signer throws
 *
 * @example
 * ```ts
 * import { type SigningIdentity, signRequest } from 'roles-anywhere';
 *
 * declare const identity: SigningIdentity;
 * const host = 'rolesanywhere.eu-west-1.amazonaws.com';
 * const signed = await signRequest(
 *   { method: 'GET', path: '/profiles', headers: { host }, body: new Uint8Array() },
 *   identity,
 *   { region: 'eu-west-1', date: new Date() },
 * );
 * await fetch(`https://${host}${signed.path}`, { headers: signed.headers });
 * ```
 */
export async function signRequest(
  request: UnsignedRequest,
  identity: SigningMaterial,
  scope: SigningScope,
): Promise<SignedRequest> {
  const [module, { checkSigningCall }] = await Promise.all([
    import('./aws/sigv4-x509/sign-request.ts'),
    import('./check-library.ts'),
  ]);
  checkSigningCall(request, identity, scope);
  return module.signRequest(request, identity, scope);
}

/**
 * Looks at all that credentials of `fromRolesAnywhere(init)` depend on, as the command `doctor` does (docs/doctor.md), and
 * says what is wrong and what to do. Nothing of the report is secret.
 *
 * @param init as of `fromRolesAnywhere`
 * @returns what every check found; it does not throw for anything that it finds
 *
 * @example
 * ```ts
 * import { doctor } from 'roles-anywhere';
 *
 * const { checks } = await doctor({ profile: 'on-prem' });
 * for (const { name, status, findings } of checks) console.log(status, name, findings);
 * ```
 */
export async function doctor(init: FromRolesAnywhereInit = {}, options: DoctorOptions = {}): Promise<DoctorReport> {
  const { examineInit } = await import('./outputs/provider/examine-init.ts');
  return examineInit(init, options);
}
