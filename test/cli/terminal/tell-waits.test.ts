import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { pipelineContext } from '../../../src/cli/contexts.ts';
import { tellWaits } from '../../../src/cli/terminal/tell-waits.ts';
import type { TraceEvent } from '../../../src/aws/create-session/trace.ts';
import { valuesOf } from '../../options/parse/values.ts';
import { fakeTerminal } from './fake-terminal.ts';

const endpoint: TraceEvent = { kind: 'endpoint', url: 'https://service.test/', proxy: undefined };
const signed: TraceEvent = { kind: 'signed', attempt: 1, canonicalRequest: '', stringToSign: '' };
const answered: TraceEvent = { kind: 'answered', attempt: 1, status: 201, requestId: undefined, elapsedMs: 1 };
const waiting = (delayMs: number): TraceEvent => ({ kind: 'waiting', attempt: 1, delayMs });
const failed: TraceEvent = {
  kind: 'failed',
  attempt: 1,
  code: 'SERVICE_THROTTLED',
  message: 'slow down',
  elapsedMs: 1,
};

let said: string[];
let tell: (event: TraceEvent) => void;
beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  tell = tellWaits((message) => said.push(message));
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a wait of more than five seconds', () => {
  it('for an answer is said, once', () => {
    for (const event of [endpoint, signed]) tell(event);
    vi.advanceTimersByTime(4999);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(100_000);
    expect(said).toEqual(['no answer from service.test yet, still waiting']);
  });

  it('names the proxy in between', () => {
    for (const event of [{ ...endpoint, proxy: 'proxy.test:3128' }, signed]) tell(event);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual(['no answer from service.test through the proxy proxy.test:3128 yet, still waiting']);
  });

  it('for a role behind the session is said', () => {
    const sts: TraceEvent = { ...endpoint, url: 'https://sts.test/' };
    for (const event of [endpoint, signed, answered, sts]) tell(event);
    vi.advanceTimersByTime(5000);
    expect(said).toEqual(['no answer from sts.test yet, still waiting']);
  });

  it('for the next attempt is said at once, with the reason', () => {
    for (const event of [endpoint, signed, failed, waiting(12_345)]) tell(event);
    expect(said).toEqual(['the next attempt is in 12 s: slow down']);
  });
});

describe('nothing is said', () => {
  it('of an answer in time, nor after it', () => {
    for (const event of [endpoint, signed, answered]) tell(event);
    vi.advanceTimersByTime(100_000);
    expect(said).toEqual([]);
  });

  it('while the key is opened or signs: somebody may be typing', () => {
    tell(endpoint);
    vi.advanceTimersByTime(100_000);
    expect(said).toEqual([]);
  });

  it('of a short pause between attempts', () => {
    for (const event of [endpoint, signed, failed, waiting(5000)]) tell(event);
    vi.advanceTimersByTime(100_000);
    expect(said).toEqual([]);
  });
});

it('hands every event on', () => {
  const seen: TraceEvent[] = [];
  const events = [endpoint, signed, answered];
  for (const event of events)
    tellWaits(
      () => undefined,
      (each) => seen.push(each),
    )(event);
  expect(seen).toEqual(events);
});

it.each([true, false])('is for a terminal: %s', async (isWatched) => {
  const terminal = { ...fakeTerminal(), isWatched: () => isWatched };
  const { trace } = await pipelineContext(await valuesOf('credential-process', {}), terminal);
  trace?.(signed);
  vi.advanceTimersByTime(5000);
  expect(terminal.lines).toHaveLength(isWatched ? 1 : 0);
});
