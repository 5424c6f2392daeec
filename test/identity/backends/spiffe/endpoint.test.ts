import { expect, test } from 'vitest';
import { workloadEndpoint } from '../../../../src/identity/backends/spiffe/endpoint.ts';
import { thrownBy } from '../../../support/thrown.ts';

const option = '--certificate';

test.each<[string, object]>([
  ['unix:///run/spire/agent.sock', { path: '/run/spire/agent.sock' }],
  ['unix:/run/spire/agent.sock', { path: '/run/spire/agent.sock' }],
  ['/run/spire/agent.sock', { path: '/run/spire/agent.sock' }],
  ['tcp://127.0.0.1:8081', { host: '127.0.0.1', port: 8081 }],
  ['tcp://[::1]:8081', { host: '::1', port: 8081 }],
  ['npipe:spire-agent\\public\\api', { path: '\\\\.\\pipe\\spire-agent\\public\\api' }],
])('%s', (text, address) => {
  expect(workloadEndpoint({ option, socket: text })).toEqual({ address, name: `the Workload API at ${text}` });
  expect(workloadEndpoint({ option }, { SPIFFE_ENDPOINT_SOCKET: text }).address).toEqual(address);
});

test.each([
  'unix://',
  'unix://host/agent.sock',
  'tcp://agent:8081',
  'tcp://127.0.0.1',
  'tcp://127.0.0.1:99999',
  // Keys would cross a network in clear text.
  'tcp://10.0.0.5:8081',
  'agent.sock',
])('%s names no socket', (text) => {
  expect(thrownBy(() => workloadEndpoint({ option, socket: text }))).toMatchObject({
    code: 'OPTION_INVALID',
    message: '--certificate names no socket',
  });
  expect(thrownBy(() => workloadEndpoint({ option }, { SPIFFE_ENDPOINT_SOCKET: text })).message).toBe(
    'SPIFFE_ENDPOINT_SOCKET names no socket',
  );
});
