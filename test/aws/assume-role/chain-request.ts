import type { CredentialRequest, PipelineContext } from '../../../src/pipeline/credential-plan.ts';
import type { RoleHop, StsOptions } from '../../../src/aws/assume-role/role-hop.ts';
import type { Sandbox } from '../../../src/sandbox/index.ts';
import type { NetworkOptions } from '../../../src/aws/create-session/session-request.ts';
import type { TraceEvent } from '../../../src/aws/create-session/trace.ts';

export interface ChainSettings {
  readonly hops: readonly RoleHop[];
  /** What STS is reached by; the sandbox's own endpoint when not given. */
  readonly sts?: Partial<StsOptions>;
  readonly network?: Partial<NetworkOptions>;
}

/** A request to a sandbox with its own leaf, and roles behind the session. */
export function chainRequest(sandbox: Sandbox, { hops, sts, network }: ChainSettings): CredentialRequest {
  const { region, trustAnchorArn, profileArn, roleArn } = sandbox;
  return {
    identity: {
      certificate: { kind: 'file', path: sandbox.certificatePath, option: '--certificate' },
      privateKey: { kind: 'file', path: sandbox.privateKeyPath, option: '--private-key' },
    },
    session: { trustAnchorArn, profileArn, roleArn, region },
    endpoint: {
      partition: 'aws',
      region,
      custom: { url: sandbox.endpoint, option: '--endpoint' },
      fips: false,
      dualStack: false,
    },
    network: { verify: true, maxAttempts: 1, connectTimeout: 10_000, requestTimeout: 10_000, ...network },
    roleChain: hops.map((hop, at) => ({ ...hop, option: `roleChain[${at}]` })),
    sts: {
      endpoint: { url: sandbox.stsEndpoint, option: '--sts-endpoint' },
      fips: false,
      dualStack: false,
      ...sts,
    },
  };
}

/** A world in which waiting takes no time and chance is always the same, and what was traced in it. */
export interface ChainWorld {
  readonly context: PipelineContext;
  readonly traced: readonly TraceEvent[];
  /** Milliseconds of each wait between attempts. */
  readonly waits: readonly number[];
}

export function chainWorld(now: () => Date = () => new Date()): ChainWorld {
  const traced: TraceEvent[] = [];
  const waits: number[] = [];
  const context: PipelineContext = {
    now,
    random: () => 0.5,
    sleep: (milliseconds) => Promise.resolve(void waits.push(milliseconds)),
    userAgent: 'roles-anywhere/0.0.0',
    warn: () => undefined,
    trace: (event) => void traced.push(event),
  };
  return { context, traced, waits };
}
