/**
 * `roles-anywhere/trust`: what Roles Anywhere would decide about a certificate and a role, before it is asked.
 *
 * All of it is computed from what is handed in: nothing here reads a clock, a file or the network.
 */
import '../supported-node.ts';

export type { ConditionResult } from './policy/condition.ts';
export { makePolicyContext, type PolicyContext, type TrustContext } from './policy/policy-context.ts';
export { type PolicyWarning, type PolicyWarningRule, sessionActions } from './policy/policy-warnings.ts';
export {
  type PolicyDecision,
  type PolicyPrincipal,
  type PolicyRequest,
  readTrustPolicy,
  type StatementResult,
  type TrustPolicy,
} from './policy/trust-policy.ts';
export {
  type AttributeMapping,
  type CertificateField,
  defaultMappings,
  deleteMapping,
  type DroppedAttribute,
  type DropReason,
  mapAttributes,
  type MappedAttributes,
  putMapping,
} from './session/attribute-mapping.ts';
export {
  type CauseName,
  decideSession,
  type KnownProfile,
  type KnownRole,
  type KnownTrustAnchor,
  type RefusalCause,
  type SessionDecision,
  type SessionPreview,
  type SessionQuestion,
} from './session/decide-session.ts';
export { causesOfRefusal, type Explanation, type ServiceRefusalText } from './session/causes-of-refusal.ts';
export {
  defaultSessionName,
  durationLimits,
  sessionDuration,
  sessionNamePattern,
  sourceIdentity,
} from './session/session.ts';
export type { AskedSession } from './session/session-arns.ts';
export { rolesAnywhere, sessionContext, type SessionFacts } from './session/session-context.ts';
export { type PackedParts, packedSizeEstimate, tagLimits } from './session/session-tags.ts';
export type {
  AlgorithmIdentifier,
  DistinguishedName,
  GeneralNames,
  JudgedCertificate,
  JudgedKeyUsage,
  NameAttribute,
  NameConstraints,
} from './x509/certificate.ts';
export { findPath, longestChain, type PathRequest, type PathResult } from './x509/certificate-path.ts';
export { type CertificateKind, type CertificateSummary, describeCertificate } from './x509/describe-certificate.ts';
export { anchorLimit, anchorViolations } from './x509/issuer-constraints.ts';
export { leafViolations } from './x509/leaf-constraints.ts';
export { decodeCertificate, decodeCertificates } from './x509/read-certificate.ts';
export { decodeCrl } from './x509/read-revocation-list.ts';
export {
  anchorCrlViolations,
  checkRevocation,
  type CrlJudgement,
  crlLimits,
  type CrlRule,
  type CrlViolation,
  crlViolations,
  type RevocationRequest,
  type RevocationResult,
  type RevokedCertificate,
} from './x509/revocation.ts';
export type { CrlScope, RevocationList, RevocationReason, RevokedEntry } from './x509/revocation-list.ts';
export type { CertificateRule, Violation } from './x509/violation.ts';
