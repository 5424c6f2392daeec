import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type Ability, loopbackOnly, needsAwsCli, needsBoto3 } from '../support/aws-clients.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';
import { type SandboxConfig, sandboxConfig } from '../support/sandbox-config.ts';
import { awsCli, boto3, sdkForJavaScript, type Seen } from './serve-clients.ts';

/**
 * Seconds that a session of the brief service lives. What is handed out has a quarter of it left at the least
 * (docs/refresh.md), which has to outlast the start of a client on a machine that is busy with other things.
 */
const lifetime = 28;

let lasting: Service;
let brief: Service;
let several: Service;

/** A server over a sandbox. */
interface Service {
  readonly sandbox: Sandbox;
  readonly config: SandboxConfig;
  readonly command: RunningCommand;
  /** Without a slash at its end. */
  readonly url: string;
  readonly tokenPath: string;
}

async function start(profiles: string, sessionLifetime?: number): Promise<Service> {
  const sandbox = await startSandbox({ roles: ['Worker', 'Keeper'], sessionLifetime });
  const config = sandboxConfig(sandbox);
  config.write('on-prem');
  config.write('backup', { roles_anywhere_role_arn: sandbox.roleArn.replace('Worker', 'Keeper') });
  const tokenPath = join(config.folder, 'token');
  const args = ['serve', '--from-profile', profiles, '--port', '0', '--listen', '127.0.0.1', '--listen', '[::1]'];
  const command = startCommand([...args, '--token-file', tokenPath], { env: config.env });
  const [, url = ''] = await command.said(/AWS_CONTAINER_CREDENTIALS_FULL_URI=(http:\S+)\/credentials/);
  return { sandbox, config, command, url, tokenPath };
}

async function end({ sandbox, config, command }: Service): Promise<void> {
  await command.stop();
  await sandbox.close();
  config.remove();
}

beforeAll(async () => {
  [lasting, brief, several] = await Promise.all([
    start('on-prem'),
    start('on-prem', lifetime),
    start('on-prem,backup'),
  ]);
  // They wait, most of the time, and do so beside the tests.
  for (const [name, row] of rows) {
    if (!row.needs().skip) expiries.set(name, Promise.allSettled(throughExpiry(row)));
  }
});
afterAll(() => Promise.all([lasting, brief, several].map(end)));

/** What leads a client to an endpoint. */
type Endpoint = (service: Service) => Readonly<Record<string, string>>;

const endpoints = {
  'IMDS, `http://127.0.0.1:9911/`': ({ url }) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `${url}/` }),
  'IMDS, `http://127.0.0.1:9911`': ({ url }) => ({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url }),
  'IMDS, `http://localhost:9911/`': ({ url }) => ({
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `${url.replace('127.0.0.1', 'localhost')}/`,
  }),
  'IMDS over IPv6': ({ command }) => ({
    AWS_EC2_METADATA_SERVICE_ENDPOINT: `${/listening on (http:\/\/\[::1\]:\d+)/.exec(command.stderr())?.[1]}/`,
    AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6',
  }),
  'container, token in a file': ({ url, tokenPath }) => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenPath,
  }),
  'container, token in a variable': ({ url, tokenPath }) => ({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/credentials/on-prem`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: readFileSync(tokenPath, 'utf8'),
  }),
} as const satisfies Record<string, Endpoint>;

type EndpointName = keyof typeof endpoints;
const names = Object.keys(endpoints) as readonly EndpointName[];

/** Clients give the metadata service a second, and one try: on a machine that is busy with other things that is not what is asked here. */
const patient = { AWS_METADATA_SERVICE_TIMEOUT: '20', AWS_METADATA_SERVICE_NUM_ATTEMPTS: '3' };

function environment(service: Service, name: EndpointName): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: service.config.folder,
    AWS_CONFIG_FILE: join(service.config.folder, 'none'),
    AWS_REGION: service.sandbox.region,
    AWS_DEFAULT_REGION: service.sandbox.region,
    ...patient,
    ...loopbackOnly,
    ...endpoints[name](service),
  };
}

/**
 * botocore takes a set of the metadata service that expires within some 20 minutes for one of a service in trouble, and
 * works on with it: a session of seconds is renewed only by a client object of its own.
 */
const botocore = { afresh: true, says: 'yes (sets with less than 20 minutes left are used on)' };

const clients = {
  'AWS CLI': { client: awsCli, needs: needsAwsCli, ofImds: { afresh: false, says: 'yes' } },
  boto3: { client: boto3, needs: needsBoto3, ofImds: botocore },
  'SDK for JavaScript': {
    client: sdkForJavaScript,
    needs: () => ({ skip: false }),
    ofImds: { afresh: false, says: 'yes' },
  },
} as const;

const rows = Object.entries(clients) as readonly (readonly [ClientName, (typeof clients)[ClientName]])[];

type ClientName = keyof typeof clients;

/** What older clients do not understand of an endpoint; they have the one beside it. */
const abilitiesFor: Readonly<Partial<Record<EndpointName, Ability>>> = {
  'IMDS, `http://127.0.0.1:9911`': 'a metadata endpoint without a slash at its end',
  'container, token in a file': 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
};

/** How what holds for a client and an endpoint is written down in docs/serve.md. */
const found = new Map<ClientName, Map<string, string>>();
const renewals = ['renewal, IMDS', 'renewal, container'] as const;
const ofSeveral = ['several roles, IMDS: the first', 'several roles, container: one by its profile'] as const;

function note(client: ClientName, column: string, what: string): void {
  const row = found.get(client) ?? new Map<string, string>();
  found.set(client, row.set(column, what));
}

describe.each(rows)('%s', (clientName, { client, needs }) => {
  test.for(names)('%s', async (name, { skip }) => {
    const ability = abilitiesFor[name];
    skip(needs(...(ability === undefined ? [] : [ability])).skip);
    const { keys, arn } = await client({ stsEndpoint: lasting.sandbox.stsEndpoint, env: environment(lasting, name) });
    expect(arn).toMatch(/^arn:aws:sts::111122223333:assumed-role\/Worker\//);
    expect(keys[0]).toMatch(/^ASIA/);
    note(clientName, name, 'yes');
  });
});

describe('a server with several roles', () => {
  test.for(rows)('%s', async ([clientName, { client, needs }], { skip }) => {
    skip(needs().skip);
    const { stsEndpoint } = several.sandbox;
    const imds = environment(several, 'IMDS, `http://127.0.0.1:9911/`');
    expect((await client({ stsEndpoint, env: imds })).arn).toContain(':assumed-role/Worker/');
    note(clientName, ofSeveral[0], 'yes');
    const byProfile = {
      ...environment(several, 'container, token in a variable'),
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${several.url}/credentials/backup`,
    };
    expect((await client({ stsEndpoint, env: byProfile })).arn).toContain(':assumed-role/Keeper/');
    note(clientName, ofSeveral[1], 'yes');
  });
});

/** What each client saw before and after the end of its first set: of the metadata service, and of the container's. */
const expiries = new Map<ClientName, Promise<readonly PromiseSettledResult<Seen>[]>>();

function throughExpiry({ client, ofImds }: (typeof clients)[ClientName]): readonly Promise<Seen>[] {
  const pause = (lifetime + 1) * 1000;
  const { stsEndpoint } = brief.sandbox;
  return [
    client({ stsEndpoint, env: environment(brief, 'IMDS, `http://127.0.0.1:9911/`'), pause, afresh: ofImds.afresh }),
    client({ stsEndpoint, env: environment(brief, 'container, token in a variable'), pause }),
  ];
}

describe('through the expiry of the first set', () => {
  test.for(rows)('%s', async ([clientName, { needs, ofImds }], { skip }) => {
    skip(needs().skip);
    for (const outcome of (await expiries.get(clientName)) ?? []) {
      if (outcome.status === 'rejected') throw outcome.reason;
      const { keys, arn } = outcome.value;
      expect(arn).toContain(':assumed-role/Worker/');
      expect(keys).toHaveLength(2);
      expect(keys[0]).not.toBe(keys[1]);
    }
    expect.assertions(6);
    note(clientName, renewals[0], ofImds.says);
    note(clientName, renewals[1], 'yes');
  });
});

test.skipIf(rows.some(([, { needs }]) => needs(...Object.values(abilitiesFor)).skip))(
  'docs/serve.md says what these tests have found',
  async () => {
    const columns = [...names, ...ofSeveral, ...renewals];
    const table = [
      `| | ${rows.map(([name]) => name).join(' | ')} |`,
      `|---${'|---'.repeat(rows.length)}|`,
      ...columns.map(
        (column) => `| ${column} | ${rows.map(([name]) => found.get(name)?.get(column) ?? 'no').join(' | ')} |`,
      ),
    ].join('\n');
    const path = '../../docs/serve.md';
    const page = readFileSync(new URL(path, import.meta.url), 'utf8');
    const written = page.replace(/(<!-- clients -->\n)[^]*(\n<!-- end of clients -->)/, `$1\n${table}\n$2`);
    await expect(written).toMatchFileSnapshot(path);
  },
);
