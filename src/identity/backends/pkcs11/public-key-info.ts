import { uncompressedPoint } from '../../../runtime/node/crypto.ts';
import { objectIdentifierOf, octetStringOf, onlyElement, tags, toHex } from '../../x509/der.ts';
import { encodeElement } from '../../x509/der-writer.ts';

/** A curve that Roles Anywhere knows. */
export interface Curve {
  /** As node:crypto has it. */
  readonly name: string;
  /** Bytes of the order, and of a coordinate. */
  readonly orderBytes: number;
}

/** CKA_EC_PARAMS, DER of an object identifier -> the curve. */
const curves: Readonly<Record<string, Curve>> = {
  '06082a8648ce3d030107': { name: 'prime256v1', orderBytes: 32 },
  '06052b81040022': { name: 'secp384r1', orderBytes: 48 },
  '06052b81040023': { name: 'secp521r1', orderBytes: 66 },
};

/** @param parameters CKA_EC_PARAMS */
export function curveOf(parameters: Uint8Array): Curve | undefined {
  return curves[toHex(parameters)];
}

/** `curve 1.3.132.0.10`, for messages. */
export function describeCurve(parameters: Uint8Array): string {
  try {
    return `curve ${objectIdentifierOf(onlyElement(parameters))}`;
  } catch {
    return 'a curve without a name';
  }
}

const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex');
const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');

/** DER SubjectPublicKeyInfo out of two DER INTEGERs. */
export function rsaPublicKeyInfo(modulus: Uint8Array, publicExponent: Uint8Array): Uint8Array {
  return publicKeyInfoOf(rsaEncryption, encodeElement(tags.sequence, modulus, publicExponent));
}

/**
 * DER SubjectPublicKeyInfo out of CKA_EC_POINT; undefined for what is no point of the curve. A test signature then tells
 * the same.
 */
export function ecPublicKeyInfo(value: Uint8Array, parameters: Uint8Array): Uint8Array | undefined {
  const curve = curveOf(parameters);
  const point = curve && pointOf(value, curve);
  return point && publicKeyInfoOf(encodeElement(tags.sequence, ecPublicKey, parameters), point);
}

function publicKeyInfoOf(algorithm: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return encodeElement(tags.sequence, algorithm, encodeElement(tags.bitString, Buffer.alloc(1), publicKey));
}

/**
 * The point `04 ‖ X ‖ Y`. CKA_EC_POINT is a DER OCTET STRING around it (PKCS#11 v2.40 mechanisms, section 2.3.3); modules
 * also give the point as it is, and X ‖ Y alone. Its length tells these apart, and not its first byte: 04 begins a point and
 * an OCTET STRING alike.
 */
function pointOf(value: Uint8Array, curve: Curve): Uint8Array | undefined {
  return onCurve(value, curve) ?? onCurve(octetsIn(value), curve);
}

function octetsIn(value: Uint8Array): Uint8Array {
  try {
    return octetStringOf(onlyElement(value));
  } catch {
    return new Uint8Array();
  }
}

function onCurve(bytes: Uint8Array, { name, orderBytes }: Curve): Uint8Array | undefined {
  const point = bytes.length === 2 * orderBytes ? Buffer.concat([Uint8Array.of(0x04), bytes]) : bytes;
  const isPoint = point.length === 1 + 2 * orderBytes || point.length === 1 + orderBytes;
  return isPoint ? uncompressedPoint(point, name) : undefined;
}
