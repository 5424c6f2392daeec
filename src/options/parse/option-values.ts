import type { NamedHop } from '../../aws/assume-role/role-hop.ts';
import type { OptionRow } from '../schema/option.ts';

/** Variables of the environment by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What one call was asked for: flags, environment and profile taken together, checked for form against the table.
 *
 * Every method takes the flag's name without its dashes; those that give values throw INTERNAL for a flag the command
 * does not have.
 */
export interface OptionValues {
  /** The value, or the row's fallback; undefined when there is neither. */
  text(flag: string): string | undefined;
  /** The same for a row of kind integer. */
  integer(flag: string): number | undefined;
  /** The same for a row of kind boolean; false when nobody gave it. */
  isOn(flag: string): boolean;
  /** The same for a row of kind list: every value given, in order; empty when nobody gave it. */
  list(flag: string): readonly string[];
  /** Whether somebody gave it, be it with the value of its fallback. */
  isGiven(flag: string): boolean;
  /**
   * What messages call the place the value came from: `--certificate`, `ROLES_ANYWHERE_CERTIFICATE`,
   * `roles_anywhere_certificate of profile on-prem`. The flag itself when nobody gave it.
   */
  origin(flag: string): string;
  /** The options that somebody gave. */
  readonly rows: readonly OptionRow[];
  /** The words after the options, for commands that take any: `completion bash`. */
  readonly words: readonly string[];
  /** The profile that `--from-profile` names, or the first of several. */
  readonly profileName: string | undefined;
  /** The roles that profile leads through, by role_arn and source_profile: the one assumed first is the first. */
  readonly profileChain: readonly NamedHop[];
  /** What to tell of how that profile is written. */
  readonly warnings: readonly string[];
  /** The same options with each further profile that `--from-profile` names. */
  readonly others: readonly OptionValues[];
}

/** One option that somebody gave. */
export interface GivenOption {
  readonly row: OptionRow;
  readonly texts: readonly string[];
  /** What messages call the place. */
  readonly origin: string;
  /** 0 for the command line, 1 for the environment, 2 for the profile, 3 for a variable that is empty. */
  readonly level: number;
}

/** The keys of one profile, with its `services` section flattened to `services.<service>.<key>`. */
export interface ProfileKeys {
  readonly name: string;
  readonly keys: ReadonlyMap<string, string>;
  /** What messages call the place of a key, where that is not the profile itself. */
  readonly places?: ReadonlyMap<string, string>;
  /** The roles to assume on top, the one assumed first is the first. */
  readonly chain: readonly NamedHop[];
  /** What to tell of how the profile is written. */
  readonly warnings?: readonly string[];
}
