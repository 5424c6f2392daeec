import { afterAll, beforeAll, expect, test } from 'vitest';
import { examineInit } from '../../src/outputs/provider/examine-init.ts';
import { doctor } from '../../src/library.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { initFor, surroundings } from '../outputs/provider/surroundings.ts';
import { findingsOf, wrongIn } from './diagnose.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});

afterAll(() => sandbox.close());

const env = () => surroundings({ AWS_ENDPOINT_URL_STS: sandbox.endpoint });

test('an init that works', async () => {
  const roleChain = [{ roleArn: sandbox.addRole('Hop') }];
  const report = await examineInit({ ...initFor(sandbox), roleChain }, {}, env());
  expect(wrongIn(report)).toEqual([]);
  expect(findingsOf(report, 'caller-identity')[0]?.message).toContain(':assumed-role/Hop/');
});

test('one that is not complete, in the names of its properties', async () => {
  const { roleArn: _, ...init } = initFor(sandbox);
  const report = await examineInit(init, {}, env());
  expect(report.status).toBe('FAIL');
  expect(findingsOf(report, 'options')[0]?.message).toBe('roleArn is missing');
});

test('each way to fall back on', async () => {
  const fallback = [{ ...initFor(sandbox), roleArn: sandbox.addRole('Unlisted') }];
  const report = await examineInit({ ...initFor(sandbox), fallback }, {}, env());
  expect(wrongIn(report)).toEqual(['create-session: role-not-in-profile']);
});

test('a certificate below a file', async () => {
  const report = await examineInit({ ...initFor(sandbox), certificate: `${import.meta.filename}/leaf.pem` }, {}, env());
  expect(wrongIn(report)).toEqual(['certificate: CERTIFICATE_UNREADABLE']);
  expect(findingsOf(report, 'files')[0]?.message).toMatch(/leaf\.pem (is not there|cannot be looked at \(ENOTDIR\))$/);
});

test('certificate and key by functions', async () => {
  const { certificate: _, privateKey: __, ...rest } = initFor(sandbox);
  const init = {
    ...rest,
    certificate: () => Promise.resolve(Buffer.from(sandbox.certificate)),
    privateKey: () => Promise.resolve(Buffer.from(sandbox.privateKey)),
  };
  const report = await examineInit(init, { offline: true }, env());
  expect(wrongIn(report)).toEqual([]);
  expect(findingsOf(report, 'private-key')[0]?.status).toBe('PASS');
});

test('of this process, where nothing is configured', async () => {
  const report = await doctor({ certificate: '/nonexistent/leaf.pem' }, { offline: true });
  expect(report.status).toBe('FAIL');
  expect(findingsOf(report, 'options')[0]?.cause).toBe('OPTION_MISSING');
});
