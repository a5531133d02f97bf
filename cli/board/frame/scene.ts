/** Where and when a page of the board is shown. */
export interface Scene {
  /** The path that all addresses of the board begin with. */
  readonly base: string;
  readonly now: Date;
}

interface Place {
  readonly application: string;
  readonly environment: string;
}

/** The addresses of the board. */
export const overviewPath = ({ base }: Scene): string => `${base}/`;

export const applicationPath = ({ base }: Scene, application: string): string => `${base}/applications/${application}`;

export const deploymentPath = (
  scene: Scene,
  { application, environment, id }: Place & { readonly id: string },
): string => `${applicationPath(scene, application)}/environments/${environment}/deployments/${id}`;

export const actionPath = (
  scene: Scene,
  { application, environment }: Place,
  action: 'promote' | 'rollback' | 'hold',
): string => `${applicationPath(scene, application)}/environments/${environment}/${action}`;

export const cancelPath = (scene: Scene, deployment: Place & { readonly id: string }): string =>
  `${deploymentPath(scene, deployment)}/cancel`;
