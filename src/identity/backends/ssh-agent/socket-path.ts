import { homedir, platform } from 'node:os';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext } from '../../identity.ts';

/** The agent of OpenSSH for Windows. */
const windowsPipe = '\\\\.\\pipe\\openssh-ssh-agent';

interface SocketChoice {
  readonly option: string;
  readonly socket?: string | undefined;
}

/**
 * Where the agent listens: the socket that was given, as IdentityAgent of ssh_config(5) has it, else that of
 * SSH_AUTH_SOCK, else the pipe of Windows' own agent.
 *
 * @throws RolesAnywhereError SSH_AGENT_UNREACHABLE where nothing says
 */
export function socketPath({ option, socket }: SocketChoice, environment: IdentityContext['environment'] = {}): string {
  const variable = socket === undefined ? 'SSH_AUTH_SOCK' : variableIn(socket);
  if (variable === undefined) return expanded(socket ?? '');
  const path = environment[variable];
  if (path) return path;
  if (socket === undefined && platform() === 'win32') return windowsPipe;
  throw new RolesAnywhereError('SSH_AGENT_UNREACHABLE', `${option}: no ssh-agent is known: ${variable} is not set`, {
    hints: ['ssh-agent prints what to set when it starts; or name its socket: ssh-agent:?socket=/run/user/1000/agent'],
  });
}

/** `SSH_AUTH_SOCK`, `$NAME` or `${NAME}`. */
function variableIn(socket: string): string | undefined {
  if (socket === 'SSH_AUTH_SOCK') return socket;
  const { braced, bare } = /^\$(?:\{(?<braced>\w+)\}|(?<bare>\w+))$/.exec(socket)?.groups ?? {};
  return braced ?? bare;
}

/** `~/` and `%d` are the home folder. */
function expanded(socket: string): string {
  return socket.replace(/^(?:~|%d)(?=[/\\])/, () => homedir());
}
