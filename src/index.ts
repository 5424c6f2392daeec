/**
 * The library. `roles-anywhere/sandbox` holds the sandbox for tests.
 */
export type { Credentials, CredentialSource } from './credentials.ts';
export { type ErrorCode, type ErrorDetails, RolesAnywhereError } from './errors.ts';
export type {
  ByteSource,
  IdentityContext,
  IdentitySource,
  KeySource,
  SecretSource,
  SigningIdentity,
} from './identity/identity.ts';
export { openIdentity } from './identity/open-identity.ts';
export { parseCertificate } from './identity/read-der-certificate.ts';
export type { Digest, SignatureAlgorithm, Signer } from './identity/signer.ts';
export type { Certificate, KeyUsage } from './identity/x509/certificate.ts';
export { type CredentialRequest, obtainCredentials, type PipelineContext } from './pipeline.ts';
export type { EndpointOptions, NetworkOptions, SessionRequest } from './session/session-request.ts';
export type { Trace, TraceEvent } from './session/trace.ts';
export type { SignedRequest, SigningScope, UnsignedRequest } from './sigv4-x509/request.ts';
export { signRequest } from './sigv4-x509/sign-request.ts';
