import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { socketPath } from '../../../../src/identity/backends/ssh-agent/socket-path.ts';
import { thrownBy } from '../../../support/thrown.ts';

const environment = { SSH_AUTH_SOCK: '/run/own', MY_AGENT: '/run/mine' };
const option = '--private-key';

test.each([
  [undefined, '/run/own'],
  ['SSH_AUTH_SOCK', '/run/own'],
  ['$MY_AGENT', '/run/mine'],
  ['${MY_AGENT}', '/run/mine'],
  ['~/.1password/agent.sock', `${homedir()}/.1password/agent.sock`],
  ['%d/agent.sock', `${homedir()}/agent.sock`],
  ['/run/agent', '/run/agent'],
  ['./~/agent', './~/agent'],
])('%s', (socket, path) => {
  expect(socketPath({ option, socket }, environment)).toBe(path);
});

test('a variable that is not set is named', () => {
  expect(thrownBy(() => socketPath({ option, socket: '$NONE' }, environment))).toMatchObject({
    code: 'SSH_AGENT_UNREACHABLE',
    message: '--private-key: no ssh-agent is known: NONE is not set',
  });
});
