/** `npm run demo`: the whole path with nothing but this repository. Credentials are the sandbox's and open nothing. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildAll, installPackages, root } from './lib/set-up.mjs';

installPackages();
buildAll();

// What the SDK will need one day is no news for who runs a demo.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const { startSandbox } = await import('roles-anywhere/sandbox');
const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');

const sandbox = await startSandbox();
try {
  const command = [
    join(root, 'bin', 'roles-anywhere.cjs'),
    'credential-process',
    ...['--certificate', sandbox.certificatePath],
    ...['--private-key', sandbox.privateKeyPath],
    ...['--trust-anchor-arn', sandbox.trustAnchorArn],
    ...['--profile-arn', sandbox.profileArn],
    ...['--role-arn', sandbox.roleArn],
    ...['--endpoint', sandbox.endpoint],
  ];
  console.log(`$ roles-anywhere ${command.slice(1).join(' ')}`);
  const { stdout } = await promisify(execFile)(process.execPath, command);
  const credentials = JSON.parse(stdout);
  console.log(JSON.stringify(credentials, undefined, 2));

  const sts = new STSClient({
    region: sandbox.region,
    endpoint: sandbox.stsEndpoint,
    credentials: {
      accessKeyId: credentials.AccessKeyId,
      secretAccessKey: credentials.SecretAccessKey,
      sessionToken: credentials.SessionToken,
    },
  });
  const { Account, Arn, UserId } = await sts.send(new GetCallerIdentityCommand({}));
  console.log('\nGetCallerIdentity with these credentials:');
  console.log(JSON.stringify({ UserId, Account, Arn }, undefined, 2));
} finally {
  await sandbox.close();
}
