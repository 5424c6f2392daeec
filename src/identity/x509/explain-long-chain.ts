import { Problem } from '../problem.ts';

/** Loaded when it is needed: every call has a chain, and next to none has one that is too long. */
export function explainLongChain(found: number, most: number): Problem {
  return new Problem(`needs ${found} intermediate certificates, and the service takes ${most}`, 'CHAIN_TOO_LONG', {
    hints: ['make an intermediate certificate the trust anchor, and leave it and those above it out'],
  });
}
