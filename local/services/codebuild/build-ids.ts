/** Returns the uuid of a build's id, which is `<project>:<uuid>`. */
export const buildUuid = (id: string): string => id.split(':').at(-1) ?? id;

export const projectNameIn = (buildId: string): string => buildId.split(':')[0] ?? '';

/** Returns the id for an id or an ARN, because BatchGetBuilds accepts both. */
export const toBuildId = (idOrArn: string): string =>
  idOrArn.startsWith('arn:') ? idOrArn.slice(idOrArn.indexOf(':build/') + 7) : idOrArn;
