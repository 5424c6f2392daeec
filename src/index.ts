/**
 * The library. `roles-anywhere/sandbox` holds the sandbox for tests.
 */
import './supported-node.ts';

export type { Credentials, CredentialSource } from './core/credentials.ts';
export type { ErrorCode } from './core/error-code.ts';
export { type ErrorDetails, RolesAnywhereError } from './core/errors.ts';
export type { RefusalName } from './core/refusal-name.ts';
export type { DoctorOptions } from './outputs/provider/examine-init.ts';
export type { AccountFiles } from './doctor/read-account.ts';
export type { CheckName, CheckResult, CheckStatus, DoctorReport, Finding } from './doctor/report.ts';
export { fromRolesAnywhere } from './outputs/provider/from-roles-anywhere.ts';
export type {
  CallerConfig,
  CertificateInStore,
  CertificateMaterial,
  FromRolesAnywhereInit,
  IdentityProperties,
  KeyMaterial,
  ProviderLogger,
  RolesAnywhereProvider,
  RolesAnywhereTarget,
  Supplied,
} from './outputs/provider/init.ts';
export type {
  ByteSource,
  CertificateSelection,
  IdentityContext,
  IdentitySource,
  KeySource,
  SecretSource,
  SigningIdentity,
} from './identity/identity.ts';
export { parseCertificate } from './identity/read-der-certificate.ts';
export type { Digest, SignatureAlgorithm, Signer } from './identity/signer.ts';
export type { Certificate, KeyUsage } from './identity/x509/certificate.ts';
export type { CredentialRequest, PipelineContext } from './pipeline/credential-plan.ts';
export { doctor, obtainCredentials, openIdentity, signRequest } from './library.ts';
export type { RoleHop, StsClientConfig } from './aws/assume-role/role-hop.ts';
export type { EndpointOptions, NetworkOptions, SessionRequest } from './aws/create-session/session-request.ts';
export type { Trace, TraceEvent } from './aws/create-session/trace.ts';
export type { SignedRequest, SigningScope, UnsignedRequest } from './aws/sigv4-x509/request.ts';
export type { SigningMaterial } from './aws/sigv4-x509/sign-request.ts';
