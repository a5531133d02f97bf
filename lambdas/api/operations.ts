import type { OperationLoader } from '../runtime/operation.ts';
import type { Services } from '../runtime/services.ts';
import type { ROUTES, RouteKey } from './routes.ts';

type ApiFunction =
  | 'read'
  | 'configure'
  | 'approvers'
  | 'deploy'
  | 'ephemeral'
  | 'decide'
  | 'webhook'
  | 'open'
  | 'credentials';

/**
 * Exactly the routes that the route table gives a function: a missing or foreign one does not compile. An operation is
 * loaded with its first request, so that nobody waits for the others.
 */
type OperationsOf<Name extends ApiFunction> = {
  readonly [Route in RouteKey as (typeof ROUTES)[Route]['function'] extends Name ? Route : never]: OperationLoader<
    Services<Name>
  >;
};

export const READ: OperationsOf<'read'> = {
  'GET /applications': async () => (await import('./list-applications.ts')).listApplications,
  'GET /applications/{app}': async () => (await import('./get-application.ts')).getApplication,
  'GET /applications/{app}/pipeline': async () => (await import('./get-pipeline.ts')).getPipeline,
  'GET /applications/{app}/audit': async () => (await import('./list-audit.ts')).listAudit,
  'GET /applications/{app}/environments': async () => (await import('./list-environments.ts')).listEnvironments,
  'GET /applications/{app}/environments/{env}': async () => (await import('./get-environment.ts')).getEnvironment,
  'GET /applications/{app}/environments/{env}/outputs': async () => (await import('./get-outputs.ts')).getOutputs,
  'GET /applications/{app}/environments/{env}/deployments': async () =>
    (await import('./list-deployments.ts')).listDeployments,
  'GET /applications/{app}/environments/{env}/deployments/{id}': async () =>
    (await import('./get-deployment.ts')).getDeployment,
  'GET /applications/{app}/environments/{env}/deployments/{id}/plan': async () =>
    (await import('./get-plan.ts')).getPlan,
  'GET /applications/{app}/environments/{env}/deployments/{id}/events': async () =>
    (await import('./list-deployment-events.ts')).listDeploymentEvents,
  'GET /ephemeral-environments': async () =>
    (await import('./list-ephemeral-environments.ts')).listAllEphemeralEnvironments,
  'GET /applications/{app}/ephemeral-environments': async () =>
    (await import('./list-ephemeral-environments.ts')).listEphemeralEnvironments,
  'GET /applications/{app}/ephemeral-environments/{name}': async () =>
    (await import('./get-ephemeral-environment.ts')).getEphemeralEnvironment,
  'GET /applications/{app}/releases': async () => (await import('./list-releases.ts')).listReleases,
  'GET /applications/{app}/releases/{number}': async () => (await import('./get-release.ts')).getRelease,
};

export const CONFIGURE: OperationsOf<'configure'> = {
  'PUT /applications/{app}': async () => (await import('./put-application.ts')).putApplication,
  'PUT /applications/{app}/environments/{env}': async () => (await import('./put-environment.ts')).putEnvironment,
  'PATCH /applications/{app}/environments/{env}': async () => (await import('./patch-environment.ts')).patchEnvironment,
  'POST /applications/{app}/environments/{env}/protection-lifts': async () =>
    (await import('./post-protection-lift.ts')).postProtectionLift,
  'POST /applications/{app}/environments/{env}/state-moves': async () =>
    (await import('./post-state-move.ts')).postStateMove,
};

export const CREDENTIALS: OperationsOf<'credentials'> = {
  'POST /builds/credentials': async () => (await import('./post-build-credentials.ts')).postBuildCredentials,
};

export const APPROVERS: OperationsOf<'approvers'> = {
  'GET /applications/{app}/approvers': async () => (await import('./list-approvers.ts')).listApprovers,
  'PUT /applications/{app}/approvers/{email}': async () => (await import('./put-approver.ts')).putApprover,
  'DELETE /applications/{app}/approvers/{email}': async () => (await import('./delete-approver.ts')).deleteApprover,
  'POST /applications/{app}/approvers/{email}/confirmation': async () =>
    (await import('./post-confirmation.ts')).postConfirmation,
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/links': async () =>
    (await import('./post-link.ts')).postLink,
  'DELETE /applications/{app}': async () => (await import('./delete-application.ts')).deleteApplication,
};

export const DEPLOY: OperationsOf<'deploy'> = {
  'POST /applications/{app}/releases': async () => (await import('./post-release.ts')).postRelease,
  'POST /applications/{app}/promotions': async () => (await import('./post-promotion.ts')).postPromotion,
  'POST /applications/{app}/environments/{env}/deployments': async () =>
    (await import('./post-deployment.ts')).postDeployment,
  'POST /applications/{app}/environments/{env}/deployments/{id}/release': async () =>
    (await import('./post-deployment-release.ts')).postDeploymentRelease,
  'POST /applications/{app}/environments/{env}/deployments/{id}/cancel': async () =>
    (await import('./cancel-deployment.ts')).cancelDeployment,
  'DELETE /applications/{app}/environments/{env}': async () =>
    (await import('./delete-environment.ts')).deleteEnvironment,
};

export const EPHEMERAL: OperationsOf<'ephemeral'> = {
  'POST /applications/{app}/ephemeral-environments': async () =>
    (await import('./post-ephemeral-environment.ts')).postEphemeralEnvironment,
  'PATCH /applications/{app}/ephemeral-environments/{name}': async () =>
    (await import('./patch-ephemeral-environment.ts')).patchEphemeralEnvironment,
  'DELETE /applications/{app}/ephemeral-environments/{name}': async () =>
    (await import('./delete-ephemeral-environment.ts')).deleteEphemeralEnvironment,
  'POST /applications/{app}/ephemeral-environments/{name}/deployments': async () =>
    (await import('./post-ephemeral-deployment.ts')).postEphemeralDeployment,
};

export const DECIDE: OperationsOf<'decide'> = {
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/decisions': async () =>
    (await import('./post-decision.ts')).postDecision,
};

export const WEBHOOK: OperationsOf<'webhook'> = {
  'POST /webhooks/github': async () => (await import('./post-github-webhook.ts')).postGithubWebhook,
};

export const OPEN: OperationsOf<'open'> = {
  'GET /health': async () => (await import('./get-health.ts')).getHealth,
  'GET /openapi.json': async () => (await import('./get-openapi.ts')).getOpenapi,
};
