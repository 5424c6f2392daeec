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
  | 'certificates'
  | 'version'
  | 'completion'
  | 'sandbox'
  | 'doctor';

/** What help and completion say of an option. */
export interface HelpText {
  /** A sentence. */
  readonly help: string;
  /** What stands for the value: ARN, PATH, SECONDS. PATH and SOURCE complete file names. Undefined for a switch. */
  readonly placeholder?: string | undefined;
}

/**
 * What reading an option takes: its flag, from which its variable and its profile key follow, and its form. An option of
 * one command alone has its help here too; of those that commands share, `helpTextOf` knows it.
 */
export interface OptionRow extends Partial<HelpText> {
  /** Flag without its dashes, `trust-anchor-arn`; makes ROLES_ANYWHERE_TRUST_ANCHOR_ARN and roles_anywhere_trust_anchor_arn. */
  readonly flag: string;
  /** One letter for the same flag: `-h`. */
  readonly short?: string;
  /** A list is given by the flag more than once, or with commas between its parts by environment and profile. */
  readonly kind: 'string' | 'integer' | 'boolean' | 'list';
  /** Shown in help; used when no source gives the option. */
  readonly fallback?: string;
  /** Closed set of values, for help, completion and checks. */
  readonly choices?: readonly string[];
  /** Least and greatest value of an integer. */
  readonly range?: readonly [number, number];
  /** True where line breaks are blanks: a selector may be written over several lines. */
  readonly multiline?: boolean;
  /** AWS's own variables for the same thing, after ours. */
  readonly environment?: readonly string[];
  /** AWS's own keys in the profile for the same thing, after ours; `ca_bundle` for AWS_CA_BUNDLE where none are given. */
  readonly profileKeys?: readonly string[];
  /** What holds for every service or program, asked after all the others: AWS_ENDPOINT_URL. */
  readonly general?: { readonly environment: readonly string[]; readonly profileKeys?: readonly string[] };
  /** AWS's switch that, when true, takes away `environment`, `profileKeys` and `general`. */
  readonly switchedOffBy?: { readonly environment: string; readonly profileKey: string };
  /** The value never shows in a message, a log or help. A text may be empty then: `--pkcs8-password ""`. */
  readonly secret?: boolean;
  /** True where an empty variable is a value as well, when nothing else is given: the empty password. */
  readonly mayBeEmpty?: boolean;
  /** True for an option that only the command line may give. */
  readonly flagOnly?: boolean;
  /** True for what says something of keys on a token or in a TPM: resolve-identity.ts reads it. */
  readonly hardware?: boolean;
  /** True for what says something of roles to assume: resolve-role-chain.ts reads it. */
  readonly chain?: boolean;
  /** True for an option that excludes others: check-given.ts knows which. */
  readonly exclusive?: boolean;
}

/** An option that several commands or the library share: all there is to say of it, in one place. */
export interface OptionDefinition extends Omit<OptionRow, 'exclusive' | keyof HelpText>, HelpText {
  readonly commands: readonly CommandName[];
  /** Flags that may not stand beside it; with `of`, in that command alone. One of a pair names the other. */
  readonly excludes?: readonly (string | { readonly flag: string; readonly of: CommandName })[];
  /**
   * What it is about, where that is not whose credentials to get. A `session` option belongs to a profile of ours, but
   * is no configuration alone; one of the `surroundings` (network, cache, traces) may stand in any profile on the way.
   */
  readonly about?: 'session' | 'surroundings';
  readonly property?: OptionProperty;
}

/** The option in the library: a property of `FromRolesAnywhereInit`, or what to tell who looks for one. */
type OptionProperty =
  | {
      /** Where it is not the flag in camel case. */
      readonly name?: string;
      /** Where it does not follow from the kind. */
      readonly type?: string;
      /**
       * What editors show, but for the names of flag and variables. `{range}` and `{fallback}` stand for those of the
       * row.
       */
      readonly text: string;
    }
  /** Environment and profile may give it, the program gives it otherwise. */
  | { readonly otherwise: string }
  /** The library does not have it. */
  | { readonly commandOnly: string };

/** A command with its options. */
export interface CommandOptions {
  readonly name: CommandName;
  readonly options: readonly OptionRow[];
}

/** `ROLES_ANYWHERE_TRUST_ANCHOR_ARN` */
export function environmentName(row: Pick<OptionRow, 'flag'>): string {
  return `ROLES_ANYWHERE_${row.flag.replaceAll('-', '_').toUpperCase()}`;
}

/** AWS's own keys of profiles for the same thing. */
export function sharedKeysOf({ environment = [], profileKeys }: Pick<OptionRow, 'environment' | 'profileKeys'>) {
  return profileKeys ?? environment.map((name) => name.slice('AWS_'.length).toLowerCase());
}

/** `roles_anywhere_trust_anchor_arn` */
export function profileKeyName(row: Pick<OptionRow, 'flag'>): string {
  return `roles_anywhere_${row.flag.replaceAll('-', '_')}`;
}

/** `trustAnchorArn`, or the name that the SDK has for the same. */
export function propertyName({ flag, property }: Pick<OptionDefinition, 'flag' | 'property'>): string {
  const name = property !== undefined && 'name' in property ? property.name : undefined;
  return name ?? flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The commands that get credentials once: to print them, or to see whether they can be had. */
export const oneShot: readonly CommandName[] = ['credential-process', 'export', 'doctor'];

/** Those that get credentials. */
export const credentials: readonly CommandName[] = [...oneShot, 'serve', 'update', 'exec'];

/** Those that sign. */
export const signing: readonly CommandName[] = [...credentials, 'sign-string'];

/** Those that open a certificate. */
export const everywhere: readonly CommandName[] = [...signing, 'read-certificate-data'];

/** Options that the same commands have. */
export function of(
  commands: readonly CommandName[],
  options: readonly Omit<OptionDefinition, 'commands'>[],
): readonly OptionDefinition[] {
  return options.map((option) => ({ ...option, commands }));
}
