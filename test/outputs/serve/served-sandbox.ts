import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CredentialPlan } from '../../../src/pipeline/credential-plan.ts';
import { findFfi } from '../../../src/ffi/find-ffi.ts';
import type { LogFields, LogLevel } from '../../../src/outputs/serve/serve-log.ts';
import {
  type ServeContext,
  type ServeOptions,
  type Serving,
  startServing,
} from '../../../src/outputs/serve/start-serving.ts';
import { type Clock, systemClock } from '../../../src/pipeline/refresh/clock.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.ts';

interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A server over a sandbox, with a token file and everything it said. */
export interface ServedSandbox {
  readonly sandbox: Sandbox;
  readonly serving: Serving;
  /** Of the first listener. */
  readonly url: string;
  /** Authorization of the container endpoint. */
  readonly token: string;
  readonly folder: string;
  readonly logs: readonly LogLine[];
  close(): Promise<void>;
}

export interface ServedSandboxOptions {
  readonly sandbox?: SandboxOptions;
  readonly clock?: Clock;
  /** Before the server starts. */
  readonly prepare?: (sandbox: Sandbox) => void;
  readonly plans?: (sandbox: Sandbox) => ServeOptions['plans'];
  readonly serve?: Partial<ServeOptions>;
  /** What there is of calls of C functions; those of this machine unless given. */
  readonly ffi?: ServeContext['ffi'];
}

/** What to obtain of a sandbox, with one attempt. */
export function planFor(sandbox: Sandbox, more: Partial<CredentialPlan['targets'][0]['request']> = {}): CredentialPlan {
  const { trustAnchorArn, profileArn, roleArn, region, certificatePath, privateKeyPath, endpoint } = sandbox;
  const request = {
    identity: {
      certificate: { option: '--certificate', kind: 'file', path: certificatePath },
      privateKey: { option: '--private-key', kind: 'file', path: privateKeyPath },
    },
    session: { trustAnchorArn, profileArn, roleArn, region, durationSeconds: 3600 },
    endpoint: {
      partition: 'aws',
      region,
      custom: { url: endpoint, option: '--endpoint' },
      fips: false,
      dualStack: false,
    },
    network: { verify: true, maxAttempts: 1, connectTimeout: 10_000, requestTimeout: 10_000 },
    ...more,
  } as const;
  return { targets: [{ name: 'sandbox', request }], failoverOnRefusal: false };
}

/** Starts both; whoever calls closes. */
export async function serveSandbox(options: ServedSandboxOptions = {}): Promise<ServedSandbox> {
  const { clock = systemClock(), serve = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-serve-'));
  const sandbox = await startSandbox({ now: clock.now, roles: ['Worker'], ...options.sandbox });
  options.prepare?.(sandbox);
  const logs: LogLine[] = [];
  const path = join(folder, 'token');
  const remove = async (): Promise<void> => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const serving = await startServing(
    {
      plans: options.plans?.(sandbox) ?? [{ profile: undefined, plan: planFor(sandbox) }],
      listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
      adminListen: [],
      socketMode: 0o600,
      tokenFile: { path, option: '--token-file', userId: process.geteuid?.() },
      allowHosts: [],
      wait: false,
      ...serve,
    },
    {
      pipeline: {
        now: clock.now,
        warn: (message) => logs.push({ level: 'warn', message, fields: {} }),
        random: () => 0.5,
        sleep: async () => undefined,
        userAgent: 'test',
      },
      clock,
      log: (level, message, fields = {}) => logs.push({ level, message, fields }),
      logsRequests: true,
      version: '1.2.3',
      ffi: options.ffi ?? (await findFfi()),
    },
  ).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    sandbox,
    serving,
    url: serving.listeners[0]?.name ?? '',
    token: serve.tokenFile === undefined && 'tokenFile' in serve ? '' : readFileSync(path, 'utf8'),
    folder,
    logs,
    close: async () => {
      await serving.close();
      await remove();
    },
  };
}

/** How often CreateSession was asked for. */
export function sessionsOf({ sandbox }: ServedSandbox): number {
  return sandbox.requests.filter(({ operation }) => operation === 'CreateSession').length;
}
