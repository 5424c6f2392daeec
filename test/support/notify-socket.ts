import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands for systemd: takes datagrams with the descriptors in them and closes those, which systemd-notify waits for. */
const program = `
import os, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1][0] == '@' else sys.argv[1])
print('BOUND', flush=True)
while True:
    data, ancillary, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(64))
    for _, kind, content in ancillary:
        if kind == socket.SCM_RIGHTS:
            for at in range(0, len(content) - 3, 4):
                os.close(int.from_bytes(content[at:at + 4], sys.byteorder))
    if data != b'BARRIER=1':
        print(data.decode().strip().replace('\\n', ' '), flush=True)
`;

export interface NotifySocket {
  /** What NOTIFY_SOCKET names. */
  readonly path: string;
  /** Messages so far, the lines of each joined by spaces. */
  heard(): readonly string[];
  close(): void;
}

/** Opens a socket as systemd does for its services; needs python3, as Node has no datagram sockets of the Unix domain. */
export async function openNotifySocket({ isAbstract = false } = {}): Promise<NotifySocket> {
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-notify-'));
  const path = `${isAbstract ? '@' : ''}${join(folder, 'notify')}`;
  const child = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let heard = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  await once(child.stdout, 'data');
  return {
    path,
    heard: () => heard.split('\n').slice(1, -1),
    close: () => {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
