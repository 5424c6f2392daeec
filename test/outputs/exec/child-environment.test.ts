import { expect, test } from 'vitest';
import { childEnvironment } from '../../../src/outputs/exec/child-environment.ts';

const supply = { variables: [['AWS_ACCESS_KEY_ID', 'ASIANEW']] as const, region: 'eu-west-1', secrets: [] };

test('the credentials take the place of all others', () => {
  const env = {
    PATH: '/bin',
    AWS_CONFIG_FILE: '/config',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'AKIAOLD',
    AWS_SESSION_TOKEN: 'old',
    Aws_Profile: 'old',
    AWS_CONTAINER_ANYTHING: 'old',
    ROLES_ANYWHERE_PRIVATE_KEY: 'pkcs11:?pin-value=1234',
  };
  expect(childEnvironment(env, supply)).toEqual({
    PATH: '/bin',
    AWS_CONFIG_FILE: '/config',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'ASIANEW',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
  });
});

test.each([
  [{ AWS_REGION: 'us-east-2' }, { AWS_REGION: 'us-east-2', AWS_DEFAULT_REGION: 'us-east-2' }],
  [{ AWS_DEFAULT_REGION: 'us-east-2' }, { AWS_REGION: 'us-east-2', AWS_DEFAULT_REGION: 'us-east-2' }],
  [
    { AWS_REGION: 'us-east-2', AWS_DEFAULT_REGION: 'us-west-2' },
    { AWS_REGION: 'us-east-2', AWS_DEFAULT_REGION: 'us-west-2' },
  ],
  [{ AWS_REGION: '' }, { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-1' }],
])('the region of %j is %j', (env, regions) => {
  expect(childEnvironment(env, supply)).toMatchObject(regions);
});

test('a variable that held the key is gone', () => {
  expect(childEnvironment({ LEAF_KEY: 'key', LEAF: 'x' }, { ...supply, secrets: ['LEAF_KEY'] })).not.toHaveProperty(
    'LEAF_KEY',
  );
});
