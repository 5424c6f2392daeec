/** The commands of `roles-anywhere` that take options. */
export type CommandName =
  | 'credential-process'
  | 'serve'
  | 'update'
  | 'exec'
  | 'export'
  | 'cache'
  | 'sign-string'
  | 'read-certificate-data'
  | 'version'
  | 'completion'
  | 'sandbox';

/** One option: its flag, its environment variable, its profile key, its form and its help, all from one row. */
export interface OptionRow {
  /** Flag without its dashes, `trust-anchor-arn`; makes ROLES_ANYWHERE_TRUST_ANCHOR_ARN and roles_anywhere_trust_anchor_arn. */
  readonly flag: string;
  /** One letter for the same flag: `-h`. */
  readonly short?: string;
  /** A list is given by the flag more than once, or with commas between its parts by environment and profile. */
  readonly kind: 'string' | 'integer' | 'boolean' | 'list';
  /** What stands for the value in help and completion: ARN, PATH, SECONDS. PATH and SOURCE complete file names. */
  readonly placeholder?: string;
  /** A sentence. The rows that every call reads have theirs, and their placeholder, in help-texts.ts. */
  readonly help?: string;
  /** Shown in help; used when no source gives the option. */
  readonly fallback?: string;
  /** Closed set of values, for help, completion and checks. */
  readonly choices?: readonly string[];
  /** Least and greatest value of an integer. */
  readonly range?: readonly [number, number];
  /** True where the empty value means something: `--pkcs8-password ""`. */
  readonly mayBeEmpty?: boolean;
  /** True where line breaks are blanks: a selector may be written over several lines. */
  readonly multiline?: boolean;
  /** AWS's own variables for the same thing, after ours. */
  readonly environment?: readonly string[];
  /** AWS's own keys in the profile for the same thing, after ours. */
  readonly profileKeys?: readonly string[];
  /** What holds for every service or program, asked after all the others: AWS_ENDPOINT_URL. */
  readonly general?: { readonly environment: readonly string[]; readonly profileKeys: readonly string[] };
  /** AWS's switch that, when true, takes away `environment`, `profileKeys` and `general`. */
  readonly switchedOffBy?: { readonly environment: string; readonly profileKey: string };
  /** The value never shows in a message, a log or help. */
  readonly secret?: boolean;
  /** True for an option that only the command line may give. */
  readonly flagOnly?: boolean;
  /** Set while the option is known but not built: what it is for, `keys in a TPM`. */
  readonly notBuilt?: string;
  /** True for what says something of keys on a token or in a TPM: resolve-hardware.ts reads it. */
  readonly hardware?: boolean;
  /** True for what says something of roles to assume: resolve-role-chain.ts reads it. */
  readonly chain?: boolean;
  /** True where exclusions.ts has to be asked when this option is given; one of every pair that it names. */
  readonly exclusive?: boolean;
  readonly commands: readonly CommandName[];
}

/** A command with its options. */
export interface CommandOptions {
  readonly name: CommandName;
  readonly options: readonly OptionRow[];
}

/** `ROLES_ANYWHERE_TRUST_ANCHOR_ARN` */
export function environmentName(row: OptionRow): string {
  return `ROLES_ANYWHERE_${row.flag.replaceAll('-', '_').toUpperCase()}`;
}

/** `roles_anywhere_trust_anchor_arn` */
export function profileKeyName(row: OptionRow): string {
  return `roles_anywhere_${row.flag.replaceAll('-', '_')}`;
}
