import { afterAll, beforeAll, describe } from 'vitest';
import { openIdentity } from '../../src/identity/open-identity.ts';
import { file, recordingContext } from '../identity/given.ts';
import { type Issued, type KeyType, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../support/openssl.ts';
import { opensslJudge } from '../support/openssl-judge.ts';
import { needsAgents, type RunningAgent, startGpgAgent, startSshAgent } from '../support/ssh-agents.ts';
import { signerContract } from './signer.contract.ts';

const keys = [
  ['rsa:2048', 'RSA', 256, ['SHA-256', 'SHA-512']],
  ['rsa:3072', 'RSA', 384, ['SHA-256', 'SHA-512']],
  ['p256', 'ECDSA', 72, ['SHA-256']],
] as const;

describe.each([
  ['ssh-agent', startSshAgent],
  ['gpg-agent', startGpgAgent],
] as const)('%s', needsAgents(), (_name, start) => {
  let folder: string;
  let agent: RunningAgent;
  const leaves = new Map<KeyType, Issued>();

  beforeAll(async () => {
    folder = makeFolder();
    const ca = makeCa(folder, 'ca');
    agent = await start(folder);
    for (const [keyType] of keys) {
      const leaf = makeLeaf(folder, keyType.replace(':', '-'), ca, { keyType });
      await agent.add(leaf.key);
      leaves.set(keyType, leaf);
    }
  });

  afterAll(async () => {
    await agent.stop();
    removeFolder(folder);
  });

  for (const [keyType, algorithm, signatureBytes, digests] of keys) {
    signerContract(`${keyType} in an agent`, async () => {
      const { certificate, key } = leaves.get(keyType) ?? { certificate: '', key: '' };
      const privateKey = { option: '--private-key', kind: 'ssh-agent', socket: agent.socket } as const;
      const { signer } = await openIdentity({ certificate: file(certificate), privateKey }, recordingContext());
      const publicKeyInfo = openssl(['pkey', '-in', key, '-pubout', '-outform', 'DER']);
      return {
        signer,
        algorithm,
        signatureBytes,
        digests,
        longest: 10_000,
        verify: opensslJudge(folder, publicKeyInfo),
      };
    });
  }
});
