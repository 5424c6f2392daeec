import type { IdentityContext, SigningIdentity } from '../../src/identity/identity.ts';
import type { Pkcs11Options, Pkcs11Source } from '../../src/identity/backends/pkcs11/pkcs11-options.ts';
import { verifySignature } from '../../src/identity/x509/verify-signature.ts';
import { parsePkcs11Uri } from '../../src/identity/pkcs11-uri.ts';
import { softHsmModule } from './softhsm.ts';

export function certificateAt(uri: string): Pkcs11Source {
  return { option: '--certificate', uri: parsePkcs11Uri(uri, '--certificate') };
}

export function privateKeyAt(uri: string): Pkcs11Source {
  return { option: '--private-key', uri: parsePkcs11Uri(uri, '--private-key') };
}

/** Options that name SoftHSM's module, unless others are given. */
export function optionsWith(options: Partial<Pkcs11Options> = {}): Pkcs11Options {
  return {
    module: { option: '--pkcs11-lib', path: softHsmModule },
    reusePin: false,
    useLatestExpiring: false,
    ...options,
  };
}

export interface WatchedContext extends IdentityContext {
  readonly questions: string[];
  readonly warnings: string[];
}

/** A person at the terminal who gives these answers and then gives up, and everything they were told. */
export function personWho(...answers: readonly string[]): WatchedContext {
  const left = [...answers];
  const questions: string[] = [];
  const warnings: string[] = [];
  return {
    now: () => new Date(),
    warn: (message) => warnings.push(message),
    askSecret: (question) => {
      questions.push(question);
      return Promise.resolve(left.shift());
    },
    questions,
    warnings,
  };
}

/** Signs, and tells whether the signature fits the certificate. */
export async function signsWell(identity: SigningIdentity): Promise<boolean> {
  const message = Buffer.from('message');
  const signature = await identity.signer.sign(message);
  return verifySignature(identity.certificate.publicKeyInfo, { message, signature });
}
