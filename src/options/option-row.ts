/** The commands of `roles-anywhere` that take options. */
export type CommandName =
  | 'credential-process'
  | 'sign-string'
  | 'read-certificate-data'
  | 'version'
  | 'completion'
  | 'sandbox';

/** One option: its flag, its environment variable, its profile key, its conflicts and its help, all from one row. */
export interface OptionRow {
  /** Flag without its dashes, `trust-anchor-arn`; makes ROLES_ANYWHERE_TRUST_ANCHOR_ARN and roles_anywhere_trust_anchor_arn. */
  readonly flag: string;
  readonly kind: 'string' | 'integer' | 'boolean' | 'list';
  /** What stands for the value in help and completion: ARN, PATH, SECONDS. */
  readonly placeholder?: string;
  readonly help: string;
  /** Shown in help; used when no source gives the option. */
  readonly fallback?: string;
  /** Closed set of values, for help, completion and checks. */
  readonly choices?: readonly string[];
  /** AWS's own variables for the same thing, after ours. */
  readonly environment?: readonly string[];
  /** AWS's own keys in the profile for the same thing, after ours. */
  readonly profileKeys?: readonly string[];
  /** The value never shows in a message, a log or help. */
  readonly secret?: boolean;
  /** True for an option that only the command line may give. */
  readonly flagOnly?: boolean;
  readonly conflicts?: readonly string[];
  readonly commands: readonly CommandName[];
}
