import type { CommandName, OptionRow } from './option-row.ts';

type Columns = Omit<OptionRow, 'flag' | 'kind' | 'commands'>;
type Row = Omit<OptionRow, 'commands'>;

const text = (flag: string, columns?: Columns): Row => ({ flag, kind: 'string', ...columns });
const integer = (flag: string, range: readonly [number, number], columns?: Columns): Row => ({
  flag,
  kind: 'integer',
  range,
  ...columns,
});
const toggle = (flag: string, columns?: Columns): Row => ({ flag, kind: 'boolean', ...columns });
const of = (commands: readonly CommandName[], rows: readonly Row[]): readonly OptionRow[] =>
  rows.map((row) => ({ ...row, commands }));

const oneShot: readonly CommandName[] = ['credential-process', 'export'];
const credentials: readonly CommandName[] = [...oneShot, 'serve', 'update', 'exec'];
const signing: readonly CommandName[] = [...credentials, 'sign-string'];
const everywhere: readonly CommandName[] = [...signing, 'read-certificate-data'];

const osStore = { notBuilt: 'certificates of the operating system', exclusive: true };
const endpointsOfAll = { environment: ['AWS_ENDPOINT_URL'], profileKeys: ['endpoint_url'] };
const endpointsOff = {
  environment: 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  profileKey: 'ignore_configured_endpoint_urls',
};

const hardware = { hardware: true };
const exclusiveHardware = { ...hardware, exclusive: true };

/** A password or PIN by its value, by a file and by a descriptor. */
const password = (flag: string, columns?: Columns): readonly Row[] => {
  const all = { ...columns, exclusive: true };
  const secret = { ...all, secret: true };
  return [
    text(flag, { ...secret, mayBeEmpty: true }),
    text(`${flag}-file`, all),
    // Secret as well: a password given here by mistake must not show up in a message.
    integer(`${flag}-fd`, [0, 0x7fff_ffff], secret),
  ];
};
const forAll = (...environment: readonly string[]): Columns => ({
  ...hardware,
  general: { environment, profileKeys: [] },
});

/** Of every command. */
export const helpRow: OptionRow = {
  ...toggle('help', { short: 'h', flagOnly: true }),
  commands: [...everywhere, 'cache', 'version', 'completion', 'sandbox'],
};

/**
 * One row an option, in the order of help. Every call reads this file: what only help and errors need stands elsewhere,
 * keyed by flag (help-texts.ts, exclusions.ts), and so do the options that other commands alone have
 * (sign-string-table.ts, serve-table.ts, and the commands' own folders).
 */
export const optionTable: readonly OptionRow[] = [
  ...of(credentials, [
    text('trust-anchor-arn'),
    text('profile-arn'),
    text('role-arn'),
    integer('session-duration', [900, 43200], { fallback: '3600' }),
    text('role-session-name'),
    text('region'),
  ]),
  ...of(everywhere, [text('certificate')]),
  ...of(signing, [text('private-key')]),
  ...of(credentials, [text('intermediates')]),
  ...of(everywhere, [
    ...password('pkcs8-password'),
    text('cert-selector', { ...osStore, multiline: true }),
    text('system-store-name', { ...osStore, fallback: 'MY' }),
  ]),
  ...of(signing, [toggle('use-latest-expiring-certificate', exclusiveHardware)]),
  ...of(everywhere, [text('pkcs11-lib', forAll('PKCS11_MODULE_PATH')), ...password('pkcs11-pin', hardware)]),
  ...of(signing, [
    toggle('reuse-pin', exclusiveHardware),
    text('tpm-device', forAll('TPM_DEVICE', 'TPM2TOOLS_TCTI')),
    ...password('tpm-key-password', hardware),
    toggle('no-tpm-key-password', exclusiveHardware),
    ...password('tpm-parent-password', hardware),
    ...password('tpm-hierarchy-password', hardware),
  ]),
  ...of(credentials, [
    text('endpoint', {
      environment: ['AWS_ENDPOINT_URL_ROLESANYWHERE'],
      profileKeys: ['services.rolesanywhere.endpoint_url'],
      general: endpointsOfAll,
      switchedOffBy: endpointsOff,
    }),
    toggle('use-fips-endpoint', { environment: ['AWS_USE_FIPS_ENDPOINT'], profileKeys: ['use_fips_endpoint'] }),
    toggle('use-dualstack-endpoint', {
      environment: ['AWS_USE_DUALSTACK_ENDPOINT'],
      profileKeys: ['use_dualstack_endpoint'],
    }),
    text('ca-bundle', { environment: ['AWS_CA_BUNDLE'], profileKeys: ['ca_bundle'] }),
    toggle('no-verify-ssl'),
    toggle('with-proxy', { fallback: 'true' }),
    integer('max-attempts', [1, 100], {
      fallback: '3',
      environment: ['AWS_MAX_ATTEMPTS'],
      profileKeys: ['max_attempts'],
    }),
    integer('connect-timeout', [1, 3600], { fallback: '10' }),
    integer('request-timeout', [1, 3600], { fallback: '60' }),
    { flag: 'assume-role', kind: 'list', chain: true },
    text('external-id', { chain: true }),
    text('sts-endpoint', {
      chain: true,
      environment: ['AWS_ENDPOINT_URL_STS'],
      profileKeys: ['services.sts.endpoint_url'],
      general: endpointsOfAll,
      switchedOffBy: endpointsOff,
    }),
    toggle('failover-on-refusal'),
  ]),
  ...of([...oneShot, 'exec'], [toggle('cache')]),
  ...of([...oneShot, 'exec', 'cache'], [text('cache-dir')]),
  ...of(everywhere, [{ flag: 'from-profile', kind: 'list', flagOnly: true }, toggle('debug')]),
  helpRow,
];

/** The rows of this table that a command has. */
export function optionsOf(command: CommandName): readonly OptionRow[] {
  return optionTable.filter((row) => row.commands.includes(command));
}
