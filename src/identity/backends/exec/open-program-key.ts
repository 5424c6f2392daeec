import { inTurn } from '../../../core/in-turn.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { oneLine } from '../../../core/one-line.ts';
import type { KeyStoreSource } from '../../identity.ts';
import { foreignKey, type PrivateKey } from '../../private-key.ts';
import { naming } from '../../problem.ts';
import type { Signer } from '../../signer.ts';
import { describePublicKey, supportedKeys, whyUnsupported } from '../../x509/public-key.ts';
import type { KeyOpening } from '../backend.ts';
import { readSignerAnswer, signerRequest, type SigningJob } from './signer-protocol.ts';
import { SignerProgram } from './signer-program.ts';

/**
 * Opens the key of the certificate, which a program signs with. The leaf is the first certificate that is no CA's.
 *
 * @throws RolesAnywhereError OPTION_MISSING, CERTIFICATE_KEY_UNSUPPORTED; `sign` of the signer throws SIGNER_*
 */
export function openProgramKey(
  { option, command }: KeyStoreSource & { readonly kind: 'exec' },
  { context, certificates }: KeyOpening,
): Promise<PrivateKey> {
  const leaf = certificates.find(({ basicConstraints }) => basicConstraints?.ca !== true) ?? certificates[0];
  if (leaf === undefined) {
    throw new RolesAnywhereError('OPTION_MISSING', `--certificate is missing: ${option} does not say which key it is`);
  }
  const { publicKeyInfo } = leaf;
  const { family } = describePublicKey(publicKeyInfo);
  if (family === 'other') {
    const why = whyUnsupported(describePublicKey(publicKeyInfo));
    throw new RolesAnywhereError('CERTIFICATE_KEY_UNSUPPORTED', `${option}: ${why}`, { hints: [supportedKeys] });
  }
  const program = new SignerProgram({ command, context });
  const signer = programSigner(program, { family, publicKeyInfo });
  return Promise.resolve({ ...foreignKey(signer, publicKeyInfo), close: async () => program.close() });
}

function programSigner(program: SignerProgram, key: Pick<SigningJob, 'family' | 'publicKeyInfo'>): Signer {
  const turn = inTurn();
  let count = 0;
  return {
    algorithm: key.family === 'EC' ? 'ECDSA' : key.family,
    sign: (message, hash = 'SHA-256') =>
      turn(async () => {
        count += 1;
        const id = count;
        const line = await program.ask(JSON.stringify(signerRequest(id, { ...key, message, hash })));
        const answer = await naming(`${program.name}: its answer`, 'SIGNER_FAILED', () => readSignerAnswer(line, id));
        if ('signature' in answer) return answer.signature;
        throw new RolesAnywhereError('SIGNER_REFUSED', `${program.name} refused: ${oneLine(answer.error, 500)}`);
      }),
  };
}
