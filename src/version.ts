/** Put in by the build; the sources run without it in tests. */
declare const __VERSION__: string | undefined;

/** Version of this package. */
export const version: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0-dev';
