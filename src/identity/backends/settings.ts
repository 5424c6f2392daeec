import type { BackendSettings } from '../identity.ts';

/** One setting of a backend. */
interface Setting {
  readonly is: 'text' | 'secret' | 'flag';
  /**
   * Whether other credentials may come of another value: then it counts in the names of the disk cache. A secret never
   * does, as a name would give something to test guesses with.
   */
  readonly decides: boolean;
}

type SettingsOfEach = {
  readonly [Group in keyof Required<BackendSettings>]: {
    readonly [Name in keyof Required<Required<BackendSettings>[Group]>]: Setting;
  };
};

const text = { is: 'text', decides: true } as const;
const secret = { is: 'secret', decides: false } as const;
const flag = { is: 'flag', decides: false } as const;
const decidingFlag = { is: 'flag', decides: true } as const;

/** Group by group. No code of a backend is imported here: it is read where sources are only looked at. */
const settings: SettingsOfEach = {
  pkcs11: {
    module: text,
    defaultModule: text,
    pin: secret,
    reusePin: flag,
    useLatestExpiring: decidingFlag,
  },
  tpm: {
    device: text,
    keyPassword: secret,
    noKeyPassword: flag,
    parentPassword: secret,
    hierarchyPassword: secret,
  },
  spiffe: {
    id: text,
    hint: text,
  },
  systemStore: {
    allowUi: flag,
    useLatestExpiring: decidingFlag,
  },
};

/** The same by any names: group, then setting. */
export const backendSettings: Readonly<Record<string, Readonly<Record<string, Setting>>>> = settings;

/** What the settings of an identity say of which credentials come, without secrets. */
export function decidingSettings(source: BackendSettings): object {
  const given: Readonly<Record<string, object | undefined>> = source;
  return Object.fromEntries(
    Object.entries(backendSettings).map(([group, known]) => [
      group,
      given[group] && Object.fromEntries(Object.entries(given[group]).filter(([name]) => known[name]?.decides)),
    ]),
  );
}
