import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import type { WorkloadEndpoint } from './endpoint.ts';
import { grpcConnectionFailure, grpcHungUp, grpcLate, statusFailure } from './grpc-failure.ts';
import { MessageCollector } from './grpc-messages.ts';

/** A call that the server answers with one message after the other. */
export interface GrpcStream {
  /** From now on it does not keep the process alive. */
  unref(): void;
  close(): void;
}

export interface GrpcHandlers {
  /** Whoever has the message wipes it: it holds private keys. */
  readonly onMessage: (message: Buffer) => void;
  /** Once, with the reason; not after `close`. */
  readonly onEnd: (error: unknown) => void;
}

/** Milliseconds. */
export interface GrpcLimits {
  /** Until the first message is here, with the connection. */
  readonly first: number;
  /** From the first byte of a message to its last. */
  readonly message: number;
}

/** Calls a method that takes a message without fields. */
export function openGrpcStream(
  endpoint: WorkloadEndpoint,
  method: string,
  handlers: GrpcHandlers,
  limits: GrpcLimits,
): GrpcStream {
  return new Http2GrpcStream(endpoint, method, handlers, limits);
}

/** Not compressed, and of no bytes. */
const emptyMessage = Buffer.alloc(5);

/** HTTP/2 in clear over the endpoint's socket, the frames of gRPC in it ("gRPC over HTTP2"), and nothing else of gRPC. */
class Http2GrpcStream implements GrpcStream {
  readonly #endpoint: WorkloadEndpoint;
  readonly #handlers: GrpcHandlers;
  readonly #limits: GrpcLimits;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  readonly #collector = new MessageCollector();
  #status: unknown;
  #timer: NodeJS.Timeout | undefined;
  #keepsAlive = true;
  #isClosed = false;

  constructor(endpoint: WorkloadEndpoint, method: string, handlers: GrpcHandlers, limits: GrpcLimits) {
    this.#endpoint = endpoint;
    this.#handlers = handlers;
    this.#limits = limits;
    // Of a connection that fails the stream tells less, and tells it first.
    const createConnection = () => connect(endpoint.address).on('error', (error) => this.#failed(error));
    this.#session = connectHttp2('http://localhost', { createConnection, settings: { enablePush: false } });
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': method,
      'content-type': 'application/grpc',
      te: 'trailers',
      // Without it the endpoint must refuse: it tells a client from a forged request (Workload Endpoint, section 3).
      'workload.spiffe.io': 'true',
    });
    this.#listen();
    this.#endAfter(limits.first);
    this.#stream.end(emptyMessage);
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#session.unref();
    this.#timer?.unref();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#collector.wipe();
    this.#stream.close(constants.NGHTTP2_CANCEL);
    this.#session.destroy();
  }

  #listen(): void {
    const onError = (error: unknown): void => this.#failed(error);
    this.#session.on('error', onError);
    this.#stream
      .on('response', (headers) => (this.#status ??= statusFailure(this.#endpoint, headers)))
      .on('trailers', (headers) => (this.#status ??= statusFailure(this.#endpoint, headers)))
      .on('data', (piece: Buffer) => this.#take(piece))
      .on('error', onError)
      .on('close', () => this.#end(this.#status ?? grpcHungUp(this.#endpoint)));
  }

  #failed(error: unknown): void {
    this.#end(this.#status ?? grpcConnectionFailure(this.#endpoint, error));
  }

  #take(piece: Buffer): void {
    const wasEmpty = this.#collector.isEmpty;
    try {
      for (const message of this.#collector.take(piece)) {
        clearTimeout(this.#timer);
        this.#handlers.onMessage(message);
      }
      if (wasEmpty && !this.#collector.isEmpty) this.#endAfter(this.#limits.message);
    } catch (error) {
      this.#end(error);
    }
  }

  #endAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(grpcLate(this.#endpoint, milliseconds)), milliseconds);
    if (!this.#keepsAlive) this.#timer.unref();
  }

  #end(error: unknown): void {
    if (this.#isClosed) return;
    this.close();
    this.#handlers.onEnd(error);
  }
}
