/**
 * `roles-anywhere/sandbox`: a Roles Anywhere and an STS of your own, for tests.
 *
 * It judges apart on purpose. Nothing here or in trust/ imports identity/ or sigv4-x509/: certificates, canonical
 * requests and leaf rules are read a second time, so that a mistake of the client cannot hide behind the same mistake of
 * its judge. What looks double is not to be merged.
 */
import '../supported-node.ts';

export type {
  AuthorityOptions,
  CertificateAuthority,
  IntermediateOptions,
  IssuedLeaf,
  LeafOptions,
} from './authority.ts';
export { createCertificateAuthority } from './certificate-authority.ts';
export type { Fault } from './faults.ts';
export type { CrlOptions } from './import-crl.ts';
export type { CertificateHash } from './key-pair.ts';
export type { KeyType } from './key-types.ts';
export type { ProfileOptions, RoleOptions } from './registry.ts';
export { describeRequest, type RequestRecord, type SessionRecord } from './request-log.ts';
export type { Sandbox, SandboxOptions } from './sandbox.ts';
export { startSandbox } from './start-sandbox.ts';
