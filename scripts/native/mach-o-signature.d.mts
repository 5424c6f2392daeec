export function signAdHoc(executable: Buffer, identifier: string): Buffer;
export function faultsOfSignature(executable: Buffer): string[];
