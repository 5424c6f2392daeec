import { call } from './call.ts';
import { identity } from './identity.ts';
import type { OptionDefinition } from './option.ts';
import { network, roles, session } from './session.ts';

/** The options that commands or the library share, in the order of help. */
export const definitions: readonly OptionDefinition[] = [...session, ...identity, ...network, ...roles, ...call];
