import type { RoleSession } from './credential-store.ts';

/** One request and what became of it. Holds no secret. */
export interface RequestRecord {
  /** By the sandbox's clock. */
  readonly time: Date;
  /** `x-amzn-requestid` of the answer. */
  readonly requestId: string;
  /** `unknown` for what is no operation of the sandbox. */
  readonly operation: 'CreateSession' | 'AssumeRole' | 'GetCallerIdentity' | 'unknown';
  readonly accepted: boolean;
  /** Status that was answered; undefined when the connection was dropped. */
  readonly status: number | undefined;
  /** What a refused client was told. */
  readonly code?: string;
  readonly message?: string;
  /** Why it was refused, more exactly than the client was told. */
  readonly reason?: string;
  /** What the sandbox rebuilt, where a signature did not fit. */
  readonly canonicalRequest?: string;
  readonly stringToSign?: string;
  /** The session that was made, or that asked. */
  readonly session?: SessionRecord;
}

/** A session as the log has it: everything but its keys. */
export interface SessionRecord {
  readonly roleArn: string;
  readonly arn: string;
  readonly sourceIdentity: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly expiration: Date;
}

export function describeSession(session: RoleSession): SessionRecord {
  const { arn, sourceIdentity, expiration } = session;
  return {
    roleArn: session.role.arn,
    arn,
    sourceIdentity,
    tags: Object.fromEntries(session.tags),
    transitiveTagKeys: [...session.transitiveTagKeys],
    expiration,
  };
}

/**
 * A record as one line of a log.
 *
 * @example
 * ```ts
 * import { describeRequest, startSandbox } from 'roles-anywhere/sandbox';
 *
 * const sandbox = await startSandbox({ log: (record) => console.error(describeRequest(record)) });
 * ```
 */
export function describeRequest(record: RequestRecord): string {
  const start = `${record.time.toISOString()} ${record.operation}`;
  if (record.accepted) return `${start} ${record.status} accepted ${record.session?.arn ?? ''}`;
  const told = record.status === undefined ? 'dropped' : `${record.status} ${record.code} "${record.message}"`;
  return `${start} ${told}: ${record.reason}`;
}

/** Records to remember; the oldest go first. */
const capacity = 1000;

export class RequestLog {
  readonly #records: RequestRecord[] = [];
  readonly #listener: ((record: RequestRecord) => void) | undefined;

  constructor(listener: ((record: RequestRecord) => void) | undefined) {
    this.#listener = listener;
  }

  get records(): readonly RequestRecord[] {
    return this.#records.slice();
  }

  add(record: RequestRecord): void {
    this.#records.push(record);
    if (this.#records.length > capacity) this.#records.shift();
    this.#listener?.(record);
  }
}
