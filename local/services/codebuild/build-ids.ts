/** A build's id is `<project>:<uuid>`. */
export const buildUuid = (id: string): string => id.split(':').at(-1) ?? id;

export const projectNameIn = (buildId: string): string => buildId.split(':')[0] ?? '';

/** BatchGetBuilds takes ids and ARNs. */
export const toBuildId = (idOrArn: string): string =>
  idOrArn.startsWith('arn:') ? idOrArn.slice(idOrArn.indexOf(':build/') + 7) : idOrArn;
