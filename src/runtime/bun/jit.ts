/** The executable is built to leave all code to the interpreter, as most of a call's code runs once. */
export function expectRepetition(): void {
  Bun.unsafe.setJITPolicy(1);
}
