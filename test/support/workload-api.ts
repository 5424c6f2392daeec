/** A Workload API of SPIFFE, by the gRPC library of Google. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { certificateDer, type Issued } from './openssl.ts';

/** An X509SVID as the server sends it. */
export interface GivenSvid {
  readonly spiffe_id: string;
  readonly x509_svid: Buffer;
  readonly x509_svid_key: Buffer;
  readonly bundle: Buffer;
  readonly hint: string;
}

/** @param chain certificates behind the leaf */
export function givenSvid(id: string, leaf: Issued, { chain = [], hint = '' }: SvidOptions = {}): GivenSvid {
  const key = createPrivateKey(readFileSync(leaf.key));
  return {
    spiffe_id: id,
    x509_svid: Buffer.concat([leaf, ...chain].map(({ certificate }) => certificateDer(certificate))),
    x509_svid_key: key.export({ type: 'pkcs8', format: 'der' }),
    bundle: Buffer.from('bundle'),
    hint,
  };
}

interface SvidOptions {
  readonly chain?: readonly Issued[];
  readonly hint?: string;
}

type Call = ServerWritableStream<unknown, { readonly svids: readonly GivenSvid[] }>;

export interface WorkloadApi {
  /** `unix:///…` */
  readonly endpoint: string;
  /** Streams that are open. */
  readonly calls: ReadonlySet<unknown>;
  /** How often it was called. */
  count(): number;
  /** What callers get from now on, those that wait as well; undefined: no identity. */
  give(svids: readonly GivenSvid[] | undefined): void;
  /** From now on callers get nothing at all. */
  keepSilent(): void;
  stop(): void;
}

/** Serves on a Unix socket. A caller without the header of the specification is refused. */
export async function startWorkloadApi(folder: string, name = 'workload'): Promise<WorkloadApi> {
  const proto = loadSync(join(import.meta.dirname, 'workload.proto'), { keepCase: true });
  const { service } = loadPackageDefinition(proto)['SpiffeWorkloadAPI'] as unknown as { service: ServiceDefinition };
  const calls = new Set<Call>();
  let count = 0;
  let current: readonly GivenSvid[] | undefined;
  let isSilent = false;
  const answer = (call: Call): void => {
    if (isSilent) return;
    if (current === undefined) call.emit('error', { code: status.PERMISSION_DENIED, details: 'no identity issued' });
    else call.write({ svids: current });
  };
  const server = new Server();
  server.addService(service, {
    FetchX509SVID(call: Call) {
      count += 1;
      if (call.metadata.get('workload.spiffe.io')[0] !== 'true') {
        call.emit('error', { code: status.INVALID_ARGUMENT, details: 'security header missing from request' });
        return;
      }
      calls.add(call);
      call.on('cancelled', () => calls.delete(call));
      answer(call);
    },
  });
  const endpoint = `unix://${join(folder, `${name}.sock`)}`;
  await new Promise<void>((settle, fail) => {
    server.bindAsync(endpoint, ServerCredentials.createInsecure(), (error) => (error ? fail(error) : settle()));
  });
  return {
    endpoint,
    calls,
    count: () => count,
    give(svids) {
      current = svids;
      for (const call of calls) answer(call);
    },
    keepSilent: () => void (isSilent = true),
    stop: () => server.forceShutdown(),
  };
}
