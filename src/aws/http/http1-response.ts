import { RolesAnywhereError } from '../../core/errors.ts';
import { bodyReaderFor, type BodyFaults, type BodyReader } from './http1-body.ts';
import { createHeadReader, type ResponseHead } from './http1-head.ts';
import type { WireResponse } from './transport.ts';

/** Reads one answer from the bytes of a connection, in whatever pieces they come. */
export interface ResponseReader {
  /**
   * Takes the next bytes and returns the answer once it is whole. What comes after it is dropped.
   * @throws RolesAnywhereError RESPONSE_INVALID, RESPONSE_TOO_LARGE
   */
  read(bytes: Buffer): WireResponse | undefined;
  /** The answer when the peer closes here; undefined when more should have come. */
  end(): WireResponse | undefined;
}

/** @param peer `host:port`, for messages */
export function createResponseReader(peer: string, maxBodyBytes: number): ResponseReader {
  const faults: BodyFaults = {
    malformed: (fault) =>
      new RolesAnywhereError('RESPONSE_INVALID', `the answer of ${peer} is no valid HTTP/1.1: ${fault}`),
    tooLarge: () =>
      new RolesAnywhereError('RESPONSE_TOO_LARGE', `the answer of ${peer} is larger than ${maxBodyBytes} bytes`),
  };
  const heads = createHeadReader(faults.malformed);
  let final: { readonly head: ResponseHead; readonly body: BodyReader } | undefined;

  /** Skips interim answers (RFC 9110, section 15.2). Nobody asked to switch protocols. */
  function takeFinalHead(): ResponseHead | undefined {
    for (let head = heads.next(); head !== undefined; head = heads.next()) {
      if (head.status === 101) throw faults.malformed('it switches protocols');
      if (head.status >= 200) return head;
    }
    return undefined;
  }

  return {
    read(bytes) {
      if (final !== undefined) return whole(final.head, final.body.read(bytes));
      heads.add(bytes);
      const head = takeFinalHead();
      if (head === undefined) return undefined;
      final = { head, body: bodyReaderFor(head, maxBodyBytes, faults) };
      return whole(head, final.body.read(heads.rest()));
    },
    end: () => (final === undefined ? undefined : whole(final.head, final.body.end())),
  };
}

function whole(head: ResponseHead, body: Buffer | undefined): WireResponse | undefined {
  return body === undefined ? undefined : { ...head, body };
}
