import { RolesAnywhereError } from '../../core/errors.ts';
import { bodyReaderFor, type BodyFaults, type BodyReader } from './http1-body.ts';
import { parseHead, type ResponseHead } from './http1-head.ts';
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

const maxHeadBytes = 64 * 1024;

/** @param peer `host:port`, for messages */
export function createResponseReader(peer: string, maxBodyBytes: number): ResponseReader {
  const faults: BodyFaults = {
    malformed: (fault) =>
      new RolesAnywhereError('RESPONSE_INVALID', `the answer of ${peer} is no valid HTTP/1.1: ${fault}`),
    tooLarge: () =>
      new RolesAnywhereError('RESPONSE_TOO_LARGE', `the answer of ${peer} is larger than ${maxBodyBytes} bytes`),
  };
  let pending = Buffer.alloc(0);
  let final: { readonly head: ResponseHead; readonly body: BodyReader } | undefined;

  /** The next head in `pending`, with everything up to its end removed from there. */
  function takeHead(): ResponseHead | undefined {
    const end = pending.indexOf('\r\n\r\n');
    if (end > maxHeadBytes || (end === -1 && pending.length > maxHeadBytes)) {
      throw faults.malformed(`its headers are larger than ${maxHeadBytes} bytes`);
    }
    if (end === -1) {
      if (!couldBeHttp(pending)) throw faults.malformed('it does not begin with a status line');
      return undefined;
    }
    const head = parseHead(pending.toString('latin1', 0, end), faults.malformed);
    pending = pending.subarray(end + 4);
    return head;
  }

  /** Skips interim answers (RFC 9110, section 15.2). Nobody asked to switch protocols. */
  function takeFinalHead(): ResponseHead | undefined {
    for (let head = takeHead(); head !== undefined; head = takeHead()) {
      if (head.status === 101) throw faults.malformed('it switches protocols');
      if (head.status >= 200) return head;
    }
    return undefined;
  }

  return {
    read(bytes) {
      if (final !== undefined) return whole(final.head, final.body.read(bytes));
      pending = Buffer.concat([pending, bytes]);
      const head = takeFinalHead();
      if (head === undefined) return undefined;
      final = { head, body: bodyReaderFor(head, maxBodyBytes, faults) };
      return whole(head, final.body.read(pending));
    },
    end: () => (final === undefined ? undefined : whole(final.head, final.body.end())),
  };
}

function whole(head: ResponseHead, body: Buffer | undefined): WireResponse | undefined {
  return body === undefined ? undefined : { ...head, body };
}

/** Tells another protocol by its first bytes, instead of waiting for an empty line that will not come. */
function couldBeHttp(bytes: Buffer): boolean {
  const expected = 'HTTP/1.';
  return expected.startsWith(bytes.toString('latin1', 0, expected.length));
}
