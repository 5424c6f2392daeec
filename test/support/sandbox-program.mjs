/** Starts a sandbox of its own and gets credentials from it: `sandbox-program.mjs LIBRARY SANDBOX`. It ends by itself. */
const [{ fromRolesAnywhere }, { startSandbox }] = await Promise.all(process.argv.slice(2).map((path) => import(path)));

const sandbox = await startSandbox({ keyType: process.env.KEY_TYPE });
Object.assign(process.env, sandbox.environment);
try {
  const { accountId } = await fromRolesAnywhere({ roleChain: [{ roleArn: sandbox.roleArn }] })();
  const answers = sandbox.requests.map(({ operation, status }) => `${operation} ${status}`);
  console.log(JSON.stringify({ accountId, answers }));
} finally {
  await sandbox.close();
}
