/**
 * The library. `roles-anywhere/sandbox` holds the sandbox for tests.
 */
import './supported-node.ts';

export type { Credentials, CredentialSource } from './credentials.ts';
export { type ErrorCode, type ErrorDetails, RolesAnywhereError } from './errors.ts';
export { fromRolesAnywhere } from './faces/provider/from-roles-anywhere.ts';
export type {
  CallerConfig,
  CertificateMaterial,
  FromRolesAnywhereInit,
  IdentityProperties,
  KeyMaterial,
  ProviderLogger,
  RolesAnywhereProvider,
  RolesAnywhereTarget,
  Supplied,
} from './faces/provider/init.ts';
export type {
  ByteSource,
  IdentityContext,
  IdentitySource,
  KeySource,
  SecretSource,
  SigningIdentity,
} from './identity/identity.ts';
export { parseCertificate } from './identity/read-der-certificate.ts';
export type { Digest, SignatureAlgorithm, Signer } from './identity/signer.ts';
export type { Certificate, KeyUsage } from './identity/x509/certificate.ts';
export type { CredentialRequest, PipelineContext } from './credential-plan.ts';
export { obtainCredentials, openIdentity, signRequest } from './library.ts';
export type { RoleHop, StsClientConfig } from './role-chain/role-hop.ts';
export type { EndpointOptions, NetworkOptions, SessionRequest } from './session/session-request.ts';
export type { Trace, TraceEvent } from './session/trace.ts';
export type { SignedRequest, SigningScope, UnsignedRequest } from './sigv4-x509/request.ts';
export type { SigningMaterial } from './sigv4-x509/sign-request.ts';
