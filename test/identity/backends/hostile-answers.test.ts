import { array, assert, constantFrom, nat, oneof, property } from '../../support/fast-check.ts';
import { expect, test } from 'vitest';
import { readSignerAnswer } from '../../../src/identity/backends/exec/signer-protocol.ts';
import { MessageCollector } from '../../../src/identity/backends/spiffe/grpc-messages.ts';
import { svidsOf } from '../../../src/identity/backends/spiffe/svid.ts';
import { publicKeyInfoOfBlob } from '../../../src/identity/backends/ssh-agent/ssh-key.ts';
import { sshSchemeFor, wireFormOf } from '../../../src/identity/backends/ssh-agent/ssh-signature.ts';
import { Problem } from '../../../src/identity/problem.ts';

/** Whatever an agent, a Workload API or a program sends is read, or is a Problem: nothing else is thrown. */

const scheme = sshSchemeFor('ECDSA', 'SHA-256') ?? expect.unreachable();
const readers: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
  'the answer of a Workload API': svidsOf,
  'frames of gRPC': (bytes) => new MessageCollector().take(bytes),
  'a key of an agent': publicKeyInfoOfBlob,
  'a signature of an agent': (bytes) => wireFormOf(bytes, scheme, 256),
  'the answer of a program': (bytes) => readSignerAnswer(bytes.toString(), 1),
};

/** Bytes that look like lengths and tags more often than chance has them. */
const bytes = array(oneof(nat(255), constantFrom(0, 1, 10, 18, 26, 128)), { maxLength: 200 });

test.each(Object.entries(readers))('%s', (_name, read) => {
  assert(
    property(bytes, (octets) => {
      try {
        read(Buffer.from(octets));
        return true;
      } catch (error) {
        return error instanceof Problem;
      }
    }),
    { numRuns: 2000 },
  );
  expect(() => read(Buffer.of(0x0a, 0xff))).not.toThrow(RangeError);
});
