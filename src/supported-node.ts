/**
 * Says in one line that this Node is too old. It comes before all that such a one could not run; Bun and Deno tell the
 * version of Node that they stand in for.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  throw new Error(`roles-anywhere needs Node 20.19 or newer, and this is ${process.version}`);
}
