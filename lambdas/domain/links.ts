import { buildLogsPrefix, workflowName } from './contract/installation.ts';

/** Where Stagegate runs, and so where staff looks at executions: in the AWS console, or on Stagegate's own pages. */
export type Home =
  | {
      readonly partition: string;
      readonly region: string;
      readonly accountId: string;
      readonly installation: string;
    }
  /** The address below which each execution has a page, by the name of the execution. */
  | { readonly executionsUrl: string };

const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

export const applicationPath = (application: string): string => `/applications/${application}`;

export const environmentPath = (application: string, environment: string): string =>
  `${applicationPath(application)}/environments/${environment}`;

export const ephemeralPath = (application: string, name: string): string =>
  `${applicationPath(application)}/ephemeral-environments/${name}`;

export const deploymentPath = (deployment: { application: string; environment: string; id: string }): string =>
  `${environmentPath(deployment.application, deployment.environment)}/deployments/${deployment.id}`;

export const releasePath = (application: string, number: number): string =>
  `${applicationPath(application)}/releases/${number}`;

/** Returns the address of the page on which staff sees the states of the deployment's execution. */
export function executionUrl(home: Home, deploymentId: string): string | undefined {
  if ('executionsUrl' in home) return `${home.executionsUrl}/${deploymentId}`;
  const { partition, region, accountId, installation } = home;
  const host = CONSOLES[partition];
  const execution = `execution:${workflowName(installation)}:${deploymentId}`;
  const arn = `arn:${partition}:states:${region}:${accountId}:${execution}`;
  return host && `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${arn}`;
}

/**
 * Returns the address at which staff finds the logs of builds: the log groups of all builds in the AWS console, or the
 * page of the execution, which has a link to the log of each of its builds.
 */
export function buildLogsUrl(home: Home, deploymentId: string): string | undefined {
  if ('executionsUrl' in home) return executionUrl(home, deploymentId);
  const { partition, region, installation } = home;
  const host = CONSOLES[partition];
  // The console escapes twice, with a dollar instead of the second percent sign.
  const filter = encodeURIComponent(buildLogsPrefix(installation)).replaceAll('%', '$25');
  return (
    host &&
    `https://${region}.${host}/cloudwatch/home?region=${region}#logsV2:log-groups$3FlogGroupNameFilter$3D${filter}`
  );
}
