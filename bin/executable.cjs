'use strict';
/**
 * The executable of the package that npm installs beside this one for the platform: this process goes on as that. It is
 * looked for at the two places where npm, pnpm and Yarn put it, and nowhere else: not in the current folder, not in
 * folders above, not by NODE_PATH. Where there is none that can run here, the command runs in Node.
 */
const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);

/** Platform -> the program by which the kernel starts its executables. */
const loaders = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-x64-musl': '/lib/ld-musl-x86_64.so.1',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
  'linux-arm64-musl': '/lib/ld-musl-aarch64.so.1',
};

/**
 * Becomes the executable, and does not return then. The exit status is set where that must be and cannot.
 *
 * @param runtime what ROLES_ANYWHERE_RUNTIME says: `native` where nothing else will do
 */
module.exports = function becomeExecutable(runtime) {
  if (runtime && runtime !== 'native') return refuse(`is "${runtime}": it may be native or node`);
  const { file, obstacle } = findExecutable();
  if (file !== undefined) process.execve(file, [file, ...process.argv.slice(2)]);
  else if (runtime) refuse(`is native, but ${obstacle}`);
};

/** As the command tells its own errors, with the exit status of an option that is wrong. */
function refuse(reason) {
  process.stderr.write(`roles-anywhere: ROLES_ANYWHERE_RUNTIME ${reason}\n`);
  process.exitCode = 2;
}

/** The file to become, or what stands against it. An execve that fails ends Node 22 and 24: none is tried on trust. */
function findExecutable() {
  if (process.execve === undefined || process.platform === 'win32') {
    return { obstacle: `Node ${process.versions.node} on ${process.platform} cannot become another program` };
  }
  // Whoever gives Node options wants Node.
  if (process.execArgv.length > 0 || process.env.NODE_OPTIONS) return { obstacle: 'Node was given options' };
  if (inheritsDescriptor()) return { obstacle: 'it was started with descriptors besides stdin, stdout and stderr' };
  const platform = thisPlatform();
  const file = installed(platform);
  return file === undefined ? { obstacle: `no @roles-anywhere/${platform} that can run here is installed` } : { file };
}

/** By the loader that is here: a folder that was installed on Debian may be run on Alpine. */
function thisPlatform() {
  const platform = `${process.platform}-${process.arch}`;
  const [first, second] = [platform, `${platform}-musl`].filter(
    (name) => name in loaders && fs.existsSync(loaders[name]),
  );
  return second === undefined || !isMusl() ? (first ?? platform) : second;
}

/** By the loader that this Node names near its beginning, where there are those of both C libraries; a report of Node's would take milliseconds. */
function isMusl() {
  const head = Buffer.alloc(4096);
  const node = fs.openSync(process.execPath, 'r');
  fs.readSync(node, head);
  fs.closeSync(node);
  return head.includes('/ld-musl-');
}

/** The executable for a platform, where its package is installed in this very version. */
function installed(platform) {
  const places = [path.join(root, 'node_modules'), path.dirname(root)].filter(
    (place) => path.basename(place) === 'node_modules',
  );
  const folder = places
    .map((place) => path.join(place, '@roles-anywhere', platform))
    .find((each) => fs.existsSync(each));
  if (folder === undefined) return undefined;
  const file = path.join(folder, 'bin', 'roles-anywhere');
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return versionOf(folder) === versionOf(root) ? file : undefined;
  } catch {
    return undefined;
  }
}

function versionOf(folder) {
  return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
}

/**
 * Whether there are descriptors from whoever started this, as `fd:3` and systemd's sockets are: Node has marked them to be
 * closed by execve. Its own are kernel objects without a name, /dev/null, and pipes of which it has both ends.
 */
function inheritsDescriptor() {
  const open = openDescriptors();
  // Where the system does not tell, the words of the call do.
  if (open.length === 0) return namesDescriptor();
  const isOwn = (one) =>
    one.startsWith('anon_inode:') ||
    one === '/dev/null' ||
    (one.startsWith('pipe:') && open.indexOf(one) !== open.lastIndexOf(one));
  return !open.every(isOwn);
}

/** What the descriptors from 3 up to the first that is closed lead to; those behind it Node has left alone. */
function openDescriptors() {
  const open = [];
  try {
    for (;;) open.push(fs.readlinkSync(`/proc/self/fd/${open.length + 3}`));
  } catch {
    return open;
  }
}

function namesDescriptor() {
  const { env } = process;
  const values = Object.keys(env)
    .filter((name) => name.startsWith('ROLES_ANYWHERE_'))
    .map((name) => `${name}=${env[name]}`);
  const given = [...process.argv.slice(2), ...values];
  return env.LISTEN_FDS !== undefined || given.some((word) => /(?:^|=)fd:|-fd(?:=|$)|_FD=|\/dev\/fd\//.test(word));
}
