import { RolesAnywhereError } from '../../../core/errors.ts';
import type { KeyStoreSource } from '../../identity.ts';
import { foreignKey, type PrivateKey } from '../../private-key.ts';
import { naming } from '../../problem.ts';
import type { Digest, Signer } from '../../signer.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { describePublicKey } from '../../x509/public-key.ts';
import type { KeyOpening } from '../backend.ts';
import { SshAgent, refused } from './ssh-agent.ts';
import { fingerprintOf, keyBlobOf, publicKeyInfoOfBlob, whyNoAgentCan } from './ssh-key.ts';
import { type SshScheme, sshSchemeFor, wireFormOf } from './ssh-signature.ts';
import { socketPath } from './socket-path.ts';

/** A key that the agent holds. */
interface AgentKey {
  /** As the agent lists it. */
  readonly blob: Uint8Array;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
}

/**
 * Opens the key of an agent that the certificate is for; without a certificate the only one that there is.
 *
 * @throws RolesAnywhereError SSH_AGENT_*; `sign` of the signer throws the same
 */
export async function openAgentKey(
  source: KeyStoreSource & { readonly kind: 'ssh-agent' },
  { context, certificates }: KeyOpening,
): Promise<PrivateKey> {
  const agent = new SshAgent(socketPath(source, context.environment), context);
  const known = certificates.filter(({ publicKeyInfo }) => whyNoAgentCan(publicKeyInfo) === undefined);
  const [leaf] = certificates;
  if (leaf !== undefined && known.length === 0) throw unsupported(source.option, leaf);
  const key = findKey(await listedKeys(agent), known) ?? missing(agent, known);
  return foreignKey(agentSigner(agent, key), key.publicKeyInfo);
}

function unsupported(option: string, { publicKeyInfo }: Certificate): RolesAnywhereError {
  return new RolesAnywhereError('SSH_AGENT_KEY_UNSUPPORTED', `${option}: ${whyNoAgentCan(publicKeyInfo)}`, {
    hints: ['RSA and EC P-256 keys can be used in an agent'],
  });
}

async function listedKeys(agent: SshAgent): Promise<readonly Buffer[]> {
  const keys = await agent.keys();
  if (keys !== refused && keys.length > 0) return keys;
  throw new RolesAnywhereError('SSH_AGENT_LOCKED', `${agent.name} shows no keys: it is locked, or holds none`, {
    hints: ['ssh-add -X unlocks it, and ssh-add FILE adds a key; agents with a window of their own ask there'],
  });
}

function findKey(listed: readonly Buffer[], certificates: readonly Certificate[]): AgentKey | undefined {
  const wanted = certificates.map(({ publicKeyInfo }) => ({ blob: keyBlobOf(publicKeyInfo), publicKeyInfo }));
  if (wanted.length > 0) return wanted.find(({ blob }) => listed.some((one) => one.equals(blob)));
  const usable = listed.flatMap((blob) => {
    const publicKeyInfo = publicKeyInfoOfBlob(blob);
    return publicKeyInfo === undefined ? [] : [{ blob, publicKeyInfo }];
  });
  return usable.length === 1 ? usable[0] : undefined;
}

function missing(agent: SshAgent, [leaf]: readonly Certificate[]): never {
  const code = 'SSH_AGENT_KEY_NOT_FOUND';
  if (leaf === undefined) {
    throw new RolesAnywhereError(code, `${agent.name} does not hold exactly one key of RSA or EC P-256`, {
      hints: ['say by --certificate which key is meant'],
    });
  }
  const fingerprint = fingerprintOf(keyBlobOf(leaf.publicKeyInfo));
  throw new RolesAnywhereError(code, `${agent.name} does not hold the key of the certificate, ${fingerprint}`, {
    hints: ['ssh-add -l lists the keys that it holds; ssh-add FILE adds one'],
  });
}

/** Each signature is a request of its own, and may be one to a person. */
function agentSigner(agent: SshAgent, key: AgentKey): Signer {
  const description = describePublicKey(key.publicKeyInfo);
  const algorithm = description.family === 'RSA' ? 'RSA' : 'ECDSA';
  const modulusBytes = description.family === 'RSA' ? Math.ceil(description.bits / 8) : 0;
  return {
    algorithm,
    async sign(message, digest = 'SHA-256') {
      const scheme = sshSchemeFor(algorithm, digest) ?? noScheme(agent, digest);
      const signature = await signed(agent, key, { message, scheme });
      return naming(`${agent.name}: its answer`, 'SSH_AGENT_FAILED', () => wireFormOf(signature, scheme, modulusBytes));
    },
  };
}

function noScheme(agent: SshAgent, digest: Digest): never {
  throw new RolesAnywhereError('SSH_AGENT_KEY_UNSUPPORTED', `${agent.name} cannot sign with this key by ${digest}`, {
    hints: ['agents sign by SHA-256, and with RSA keys by SHA-512 too'],
  });
}

interface Job {
  readonly message: Uint8Array;
  readonly scheme: SshScheme;
}

async function signed(agent: SshAgent, { blob }: AgentKey, { message, scheme }: Job): Promise<Buffer> {
  const signature = await agent.sign(blob, message, scheme.flags);
  if (signature !== refused) return signature;
  throw await explainRefusal(agent, blob);
}

/** An agent gives no reason: what it lists now tells a lock and a key that is gone from somebody's no. */
async function explainRefusal(agent: SshAgent, blob: Uint8Array): Promise<RolesAnywhereError> {
  const listed = await listedKeys(agent);
  if (!listed.some((one) => one.equals(blob))) {
    return new RolesAnywhereError('SSH_AGENT_KEY_NOT_FOUND', `${agent.name} does not hold the key any more`, {
      hints: [`it was ${fingerprintOf(blob)}: a lifetime of ssh-add -t may have ended`],
    });
  }
  return new RolesAnywhereError('SSH_AGENT_REFUSED', `${agent.name} holds the key and refused to sign with it`, {
    hints: ['a confirmation was declined or could not be asked for (ssh-add -c), a PIN was wrong, or a token is gone'],
  });
}
