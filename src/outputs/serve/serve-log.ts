/** From much to little. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What goes with a message, by name. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Told what happens, in the words of an error message: lower case, no full stop. */
export type ServeLog = (level: LogLevel, message: string, fields?: LogFields) => void;
