/** No test may ask AWS for anything: whatever a client does not know of what should lead it to a sandbox. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { needsAwsCli, needsBoto3, runAws, runPython } from '../support/aws-clients.ts';
import { root } from '../support/command.ts';

/** Keys that would do, and nothing that says where the service is. */
const env = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_MAX_ATTEMPTS: '1',
};

const wayOut = /Failed to connect to proxy URL: "http:\/\/127\.0\.0\.1:9"/;

describe('the AWS CLI', needsAwsCli(), () => {
  test('gets no further than this machine', async () => {
    await expect(runAws(['sts', 'get-caller-identity'], env)).rejects.toThrow(wayOut);
  });
});

describe('boto3', needsBoto3(), () => {
  test('gets no further than this machine', async () => {
    const program = 'import boto3; boto3.client("sts").get_caller_identity()';
    await expect(runPython(program, [], env)).rejects.toThrow(wayOut);
  });
});

test('every test that starts one of them closes it off', () => {
  const test = join(root, 'test');
  const open = readdirSync(test, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('aws-clients.ts'))
    .filter((path) => {
      const text = readFileSync(join(test, path), 'utf8');
      const startsOne = /(?:exec|spawn|run)\w*\)?\(\s*'aws'|'aws', 'sts'|&& aws |import boto3/i.test(text);
      return startsOne && !/\b(?:loopbackOnly|runPython)\b/.test(text);
    });
  expect(open).toEqual([]);
});
