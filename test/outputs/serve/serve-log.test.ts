import { expect, test } from 'vitest';
import { textAnswer } from '../../../src/outputs/serve/answer.ts';
import { requestLog } from '../../../src/outputs/serve/serve-log.ts';

test('a reason to turn requests away is told once in ten seconds, with how many there were', () => {
  const lines: unknown[] = [];
  let now = 0;
  const log = requestLog({ log: (...line) => lines.push(line), monotonic: () => now, everything: false });
  const refused = { ...textAnswer('refused', 403, ''), reason: 'the Host header names another machine' };
  const told = (others?: number) => [
    'warn',
    'request turned away: the Host header names another machine',
    { route: 'refused', status: 403, 'others-since': others },
  ];
  for (let count = 0; count < 1000; count += 1) log({ method: 'GET' }, refused);
  log({ method: 'GET' }, textAnswer('imds-roles', 200, ''));
  expect(lines).toEqual([told()]);
  now = 10_000;
  log({ method: 'GET' }, refused);
  expect(lines).toEqual([told(), told(999)]);
});
