/** Hands bytes to the stream of stdout, which waits for a slow reader, and resolves when they are written. */
export function writeSlowly(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.once('error', reject);
    process.stdout.write(bytes, (failure) => (failure ? reject(failure) : resolve()));
  });
}
