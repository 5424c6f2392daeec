/** Answers every request like CreateSession, without a look at it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const [certificate, key] = process.argv.slice(2);
const body = JSON.stringify({
  credentialSet: [
    {
      assumedRoleUser: {
        arn: 'arn:aws:sts::111122223333:assumed-role/Bench/bench',
        assumedRoleId: 'AROAEXAMPLE:bench',
      },
      credentials: {
        accessKeyId: 'ASIAEXAMPLEEXAMPLE00',
        secretAccessKey: 'example-secret-access-key-of-the-bench-00',
        sessionToken: 'example-session-token'.repeat(40),
        expiration: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z'),
      },
      packedPolicySize: 0,
      roleArn: 'arn:aws:iam::111122223333:role/Bench',
      sourceIdentity: 'CN=leaf',
    },
  ],
  subjectArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:subject/00000000-0000-0000-0000-000000000000',
});

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  request.resume().once('end', () => {
    response
      .writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      .end(body);
  });
});
server.listen(0, 'localhost', () => process.send(server.address().port));
process.once('disconnect', () => process.exit());
