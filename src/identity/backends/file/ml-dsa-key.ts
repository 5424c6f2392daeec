import { Problem } from '../../problem.ts';
import { encodeElement } from '../../x509/der-writer.ts';
import { type Element, equalBytes, octetStringOf, onlyElement, primitive, sequenceOf, tags } from '../../x509/der.ts';
import { mlDsaByName } from '../../x509/ml-dsa.ts';
import { type MlDsaName, mlDsaNames } from '../../x509/public-key.ts';
import { foreignKey, type PrivateKey } from '../../private-key.ts';

const seedBytes = 32;

/**
 * An ML-DSA key by JavaScript, for Node before 24.6. Signatures are deterministic (FIPS 204, section 3.4), as those
 * of the official helper.
 *
 * @param privateKey ML-DSA-PrivateKey ::= CHOICE { seed [0], expandedKey OCTET STRING, both SEQUENCE } (RFC 9881, section
 * 6); or seed or expanded key alone, without a tag around it, as written before there was an RFC
 * @throws Problem KEY_INVALID
 */
export function openMlDsaKey(name: MlDsaName, privateKey: Uint8Array): PrivateKey {
  const scheme = mlDsaByName[name];
  const secretKey = readSecretKey(name, privateKey);
  return foreignKey(
    {
      algorithm: 'ML-DSA',
      // eslint-disable-next-line typescript/require-await -- the seam is asynchronous, this key is not
      async sign(message) {
        return scheme.sign(message, secretKey, { extraEntropy: false });
      },
    },
    publicKeyInfo(name, publicKeyOf(name, secretKey)),
  );
}

/** Where this can be made of it, the key can sign. */
function publicKeyOf(name: MlDsaName, secretKey: Uint8Array): Uint8Array {
  try {
    return mlDsaByName[name].getPublicKey(secretKey);
  } catch {
    throw invalid('its numbers are none of such a key');
  }
}

function readSecretKey(name: MlDsaName, privateKey: Uint8Array): Uint8Array {
  if (privateKey.length === seedBytes) return expand(name, privateKey);
  if (privateKey.length === mlDsaByName[name].lengths.secretKey) return checkExpanded(name, privateKey);
  return readChoice(name, onlyElement(privateKey));
}

function readChoice(name: MlDsaName, choice: Element): Uint8Array {
  if (choice.tag === primitive(0)) return expand(name, choice.contents);
  if (choice.tag === tags.octetString) return checkExpanded(name, choice.contents);
  const [seed, expandedKey] = sequenceOf(choice);
  const secretKey = expand(name, octetStringOf(seed));
  if (!equalBytes(secretKey, octetStringOf(expandedKey))) throw invalid(`seed and expanded key do not belong together`);
  return secretKey;
}

function expand(name: MlDsaName, seed: Uint8Array): Uint8Array {
  if (seed.length !== seedBytes) throw invalid(`its seed has ${seed.length} bytes, not ${seedBytes}`);
  return mlDsaByName[name].keygen(seed).secretKey;
}

/** A copy, as the file's bytes are wiped. */
function checkExpanded(name: MlDsaName, expandedKey: Uint8Array): Uint8Array {
  const expected = mlDsaByName[name].lengths.secretKey;
  if (expandedKey.length !== expected) throw invalid(`it has ${expandedKey.length} bytes, not ${expected}`);
  return Uint8Array.from(expandedKey);
}

function invalid(reason: string): Problem {
  return new Problem(`holds an ML-DSA key that cannot be read: ${reason}`, 'KEY_INVALID');
}

/** All three identifiers differ in their last byte only, and have no parameters. */
function publicKeyInfo(name: MlDsaName, publicKey: Uint8Array): Buffer {
  const last = Number(
    Object.keys(mlDsaNames)
      .find((oid) => mlDsaNames[oid] === name)
      ?.split('.')
      .at(-1),
  );
  const identifier = encodeElement(tags.objectIdentifier, Buffer.from('6086480165030403', 'hex'), Buffer.of(last));
  return encodeElement(
    tags.sequence,
    encodeElement(tags.sequence, identifier),
    encodeElement(tags.bitString, Buffer.of(0), publicKey),
  );
}
