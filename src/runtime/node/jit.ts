/** Says that from here on the same code runs many times, which Node need not be told. */
export function expectRepetition(): void {}
