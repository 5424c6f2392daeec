/** `roles-anywhere/sandbox`: a Roles Anywhere and an STS of your own, for tests. */
export {
  type AuthorityOptions,
  type CertificateAuthority,
  createCertificateAuthority,
  type IntermediateOptions,
  type IssuedLeaf,
  type LeafOptions,
} from './certificate-authority.ts';
export type { Fault } from './faults.ts';
export type { CertificateHash, KeyType } from './key-pair.ts';
export type { ProfileOptions, RoleOptions } from './registry.ts';
export { describeRequest, type RequestRecord, type SessionRecord } from './request-log.ts';
export type { Sandbox, SandboxOptions } from './sandbox.ts';
export { startSandbox } from './start-sandbox.ts';
