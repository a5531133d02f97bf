/** Returns the platform of this machine, as registries and packages name it. */
export const enginePlatform = (): string => `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
