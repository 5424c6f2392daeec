import type { Credentials } from '../core/credentials.ts';
import type { RolesAnywhereError } from '../core/errors.ts';
import type { IdentitySource, ReloadingIdentity, SigningIdentity } from '../identity/identity.ts';
import type { Certificate } from '../identity/x509/certificate.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import type { CredentialRequest, PipelineContext } from '../pipeline/credential-plan.ts';
import type { CacheFolder } from '../pipeline/disk-cache/cache-folder.ts';
import type { KnownAccount } from './known-account.ts';
import type { NameService } from './name-service.ts';
import type { CheckName, Finding } from './report.ts';

/** What is looked at: one way to credentials, as far as the options come to one. */
export interface Subject {
  /** Which of several it is; undefined for the only one. */
  readonly target?: string | undefined;
  /** Undefined where nobody gave options as such. */
  readonly values?: OptionValues | undefined;
  /** Why the options come to no request, all of it. */
  readonly problems: readonly RolesAnywhereError[];
  readonly request: CredentialRequest | undefined;
  /** Where STS is asked who the credentials are, if not where roles are assumed. */
  readonly stsEndpoint?: { readonly url: string; readonly option: string } | undefined;
  /** That of the request; also where the rest of the options comes to nothing. */
  readonly identity: IdentitySource | SigningIdentity | ReloadingIdentity | undefined;
}

/** The world around. */
export interface DoctorContext extends PipelineContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Nothing is sent. */
  readonly offline: boolean;
  /** Whether keys of the environment are there to inspect the account with. */
  readonly inspects?: boolean | undefined;
  /** In place of the system's own. */
  readonly names?: NameService | undefined;
  /** Where credentials are cached, and whether they are. */
  readonly cache?: { readonly folder: CacheFolder; readonly isUsed: boolean } | undefined;
}

/** That a certificate has expired or is not valid yet, as a `RefusalCause` has it. */
interface ToldExpiry {
  readonly rule: 'expired' | 'not-yet-valid';
  readonly fingerprint: string;
}

/** What checks find out for those behind them. */
interface Facts {
  leaf?: Certificate | undefined;
  /** What is sent along. */
  chain?: readonly Certificate[] | undefined;
  /** Whether the key is that of the leaf; undefined where that is not known. */
  keyFits?: boolean | undefined;
  /** Why no password or PIN is to be sent to the device of the key. */
  noLogin?: string | undefined;
  identity?: SigningIdentity | undefined;
  /** Which dates of which certificates were told as a failure. */
  toldExpiry?: readonly ToldExpiry[] | undefined;
  /** Of identities that were opened. */
  readonly warnings: string[];
  endpoint?: URL | undefined;
  /** Whether a proxy stands before the endpoint, which then looks up its name. */
  isProxied?: boolean | undefined;
  /** Why there is no use in asking the endpoint for anything. */
  noWay?: string | undefined;
  /** Seconds that this machine is ahead of the service. */
  clockOffset?: number | undefined;
  /** Of CreateSession, then of each hop. */
  credentials?: Credentials | undefined;
  /** What went wrong as the account was read. */
  readonly ofAccount: readonly Finding[];
  /** The identity as it can be read again: what could be read only once is in it as its bytes. */
  source?: IdentitySource | undefined;
  /** What is closed when the checks of the subject are done. */
  readonly closing: (() => Promise<void> | void)[];
  /** What is wiped when those of the machine are. */
  readonly wiping: (() => void)[];
}

/** One run of all checks over one subject. */
export interface Examination {
  readonly subject: Subject;
  readonly context: DoctorContext;
  readonly account: KnownAccount;
  readonly facts: Facts;
  /** Those of the other ways to the same credentials, tried before this one. */
  readonly before: readonly Examination[];
}

/** A check: it finds at least one thing, and what it throws is a finding too. */
export interface Check {
  readonly name: CheckName;
  run(examination: Examination): Promise<readonly Finding[]> | readonly Finding[];
}
