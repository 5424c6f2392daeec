/** Packs the executable of a target into a folder. */
export function packPlatform(folder: string, target: string, executable: string): void;
