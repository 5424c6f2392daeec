import { existsSync, readFileSync, rmSync } from 'node:fs';

/**
 * Lets every call pass that waits at the gate of `TEST_GATE` (gate.h), for which somebody else has to have their turn meanwhile.
 *
 * @param seen told of each call before it may go on
 * @returns what ends it
 */
export function openGate(gate: string, seen: (name: string) => Promise<void> | void): () => void {
  let isAsked = false;
  const letPass = async (): Promise<void> => {
    if (isAsked || !existsSync(gate)) return;
    isAsked = true;
    await seen(readFileSync(gate, 'latin1'));
    rmSync(gate);
    isAsked = false;
  };
  const timer = setInterval(() => void letPass(), 1);
  return () => clearInterval(timer);
}

/**
 * Runs `work`, in which calls of this process wait at a gate.
 *
 * @returns the names of these, each once
 */
export async function calledAtGate(gate: string, work: () => Promise<unknown>): Promise<string[]> {
  const called = new Set<string>();
  const close = openGate(gate, (name) => void called.add(name));
  process.env['TEST_GATE'] = gate;
  try {
    await work();
  } finally {
    Reflect.deleteProperty(process.env, 'TEST_GATE');
    close();
  }
  return [...called].sort();
}
