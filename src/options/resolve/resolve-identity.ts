import type {
  BackendSettings,
  IdentitySource,
  NamedText,
  Pkcs11Settings,
  SpiffeSettings,
  SystemStoreSettings,
  TpmSettings,
} from '../../identity/identity.ts';
import { readSources } from './read-sources.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { passwordOf } from './sources.ts';
import { Problems } from '../parse/problems.ts';

/**
 * Certificate and key wherever they are, with all that is said of tokens, TPMs and the like. A call with files goes without this.
 *
 * @returns undefined where something is missing or wrong: read-sources.ts says what
 */
export function resolveIdentity(values: OptionValues): IdentitySource | undefined {
  const problems = new Problems();
  const { certificate, ...sources } = readSources(values, problems);
  if (!problems.isEmpty || certificate === undefined) return undefined;
  const keyPassword = passwordOf(values, 'pkcs8-password');
  return {
    certificate,
    ...sources,
    ...(keyPassword === undefined ? {} : { keyPassword }),
    ...resolveHardware(values),
  };
}

/** What the options say of tokens, TPMs and the Workload API. */
export function resolveHardware(values: OptionValues): BackendSettings {
  const pkcs11 = pkcs11Of(values);
  const tpm = tpmOf(values);
  const spiffe = spiffeOf(values);
  const systemStore = systemStoreOf(values);
  return {
    ...(Object.keys(pkcs11).length === 0 ? {} : { pkcs11 }),
    ...(Object.keys(tpm).length === 0 ? {} : { tpm }),
    ...(Object.keys(spiffe).length === 0 ? {} : { spiffe }),
    ...(Object.keys(systemStore).length === 0 ? {} : { systemStore }),
  };
}

function pkcs11Of(values: OptionValues): Pkcs11Settings {
  const module = namedText(values, 'pkcs11-lib');
  const pin = passwordOf(values, 'pkcs11-pin');
  return {
    ...(module === undefined ? {} : { [isForAll(module) ? 'defaultModule' : 'module']: module }),
    ...(pin === undefined ? {} : { pin }),
    ...(isOn(values, 'reuse-pin') ? { reusePin: true } : {}),
    ...(isOn(values, 'use-latest-expiring-certificate') ? { useLatestExpiring: true } : {}),
  };
}

/** The variable that other programs have in common goes after the module that a URI names. */
function isForAll({ option }: NamedText): boolean {
  return option === 'PKCS11_MODULE_PATH';
}

function tpmOf(values: OptionValues): TpmSettings {
  const device = namedText(values, 'tpm-device');
  const keyPassword = passwordOf(values, 'tpm-key-password');
  const parentPassword = passwordOf(values, 'tpm-parent-password');
  const hierarchyPassword = passwordOf(values, 'tpm-hierarchy-password');
  return {
    ...(device === undefined ? {} : { device }),
    ...(keyPassword === undefined ? {} : { keyPassword }),
    ...(isOn(values, 'no-tpm-key-password') ? { noKeyPassword: true } : {}),
    ...(parentPassword === undefined ? {} : { parentPassword }),
    ...(hierarchyPassword === undefined ? {} : { hierarchyPassword }),
  };
}

function spiffeOf(values: OptionValues): SpiffeSettings {
  const id = namedText(values, 'spiffe-id');
  const hint = namedText(values, 'spiffe-hint');
  return { ...(id === undefined ? {} : { id }), ...(hint === undefined ? {} : { hint }) };
}

function systemStoreOf(values: OptionValues): SystemStoreSettings {
  return {
    ...(isOn(values, 'allow-ui') ? { allowUi: true } : {}),
    ...(isOn(values, 'use-latest-expiring-certificate') ? { useLatestExpiring: true } : {}),
  };
}

function isOn(values: OptionValues, flag: string): boolean {
  return values.isGiven(flag) && values.isOn(flag);
}

function namedText(values: OptionValues, flag: string): NamedText | undefined {
  const text = values.isGiven(flag) ? values.text(flag) : undefined;
  return text === undefined ? undefined : { option: values.origin(flag), text };
}
