import type { Services } from '../functions.ts';
import type { OperationLoader } from '../runtime/operation.ts';
import type { ROUTES, RouteKey, UNKNOWN_ROUTE } from './routes.ts';

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
 * The operations of exactly the routes that the route table gives to a function: a missing or foreign route does not
 * compile. An operation is loaded with its first request, so that no request waits for other operations to load.
 */
type OperationsOf<Name extends ApiFunction> = {
  readonly [Route in RouteKey as (typeof ROUTES)[Route]['function'] extends Name ? Route : never]: OperationLoader<
    Services<Name>
  >;
};

/** What answers the requests that no route takes. */
type OfUnknownRoutes = {
  readonly [Route in (typeof UNKNOWN_ROUTE)['key']]: OperationLoader<Services<(typeof UNKNOWN_ROUTE)['function']>>;
};

export const READ: OperationsOf<'read'> = {
  'GET /applications': async () => (await import('./application/list-applications.ts')).listApplications,
  'GET /applications/{app}': async () => (await import('./application/get-application.ts')).getApplication,
  'GET /applications/{app}/pipeline': async () => (await import('./application/get-pipeline.ts')).getPipeline,
  'GET /applications/{app}/audit': async () => (await import('./application/list-audit.ts')).listAudit,
  'GET /applications/{app}/environments': async () =>
    (await import('./environment/list-environments.ts')).listEnvironments,
  'GET /applications/{app}/environments/{env}': async () =>
    (await import('./environment/get-environment.ts')).getEnvironment,
  'GET /applications/{app}/environments/{env}/outputs': async () =>
    (await import('./environment/get-outputs.ts')).getOutputs,
  'GET /applications/{app}/environments/{env}/deployments': async () =>
    (await import('./deployment/list-deployments.ts')).listDeployments,
  'GET /applications/{app}/environments/{env}/deployments/{id}': async () =>
    (await import('./deployment/get-deployment.ts')).getDeployment,
  'GET /applications/{app}/environments/{env}/deployments/{id}/plan': async () =>
    (await import('./deployment/get-plan.ts')).getPlan,
  'GET /applications/{app}/environments/{env}/deployments/{id}/events': async () =>
    (await import('./deployment/list-deployment-events.ts')).listDeploymentEvents,
  'GET /ephemeral-environments': async () =>
    (await import('./ephemeral-environment/list-ephemeral-environments.ts')).listAllEphemeralEnvironments,
  'GET /applications/{app}/ephemeral-environments': async () =>
    (await import('./ephemeral-environment/list-ephemeral-environments.ts')).listEphemeralEnvironments,
  'GET /applications/{app}/ephemeral-environments/{name}': async () =>
    (await import('./ephemeral-environment/get-ephemeral-environment.ts')).getEphemeralEnvironment,
  'GET /applications/{app}/releases': async () => (await import('./release/list-releases.ts')).listReleases,
  'GET /applications/{app}/releases/{number}': async () => (await import('./release/get-release.ts')).getRelease,
  'GET /health/details': async () => (await import('./get-health-details.ts')).getHealthDetails,
};

export const CONFIGURE: OperationsOf<'configure'> = {
  'PUT /applications/{app}': async () => (await import('./application/put-application.ts')).putApplication,
  'POST /applications/{app}/repository-confirmations': async () =>
    (await import('./application/post-repository-confirmation.ts')).postRepositoryConfirmation,
  'PUT /applications/{app}/environments/{env}': async () =>
    (await import('./environment/put-environment.ts')).putEnvironment,
  'PATCH /applications/{app}/environments/{env}': async () =>
    (await import('./environment/patch-environment.ts')).patchEnvironment,
  'POST /applications/{app}/environments/{env}/protection-lifts': async () =>
    (await import('./environment/post-protection-lift.ts')).postProtectionLift,
  'POST /applications/{app}/environments/{env}/proof-lifts': async () =>
    (await import('./environment/post-proof-lift.ts')).postProofLift,
  'POST /applications/{app}/environments/{env}/state-moves': async () =>
    (await import('./environment/post-state-move.ts')).postStateMove,
};

export const CREDENTIALS: OperationsOf<'credentials'> = {
  'POST /builds/credentials': async () => (await import('./deployment/post-build-credentials.ts')).postBuildCredentials,
};

export const APPROVERS: OperationsOf<'approvers'> = {
  'GET /applications/{app}/approvers': async () => (await import('./approver/list-approvers.ts')).listApprovers,
  'GET /applications/{app}/approvers/{email}': async () => (await import('./approver/get-approver.ts')).getApprover,
  'PUT /applications/{app}/approvers/{email}': async () => (await import('./approver/put-approver.ts')).putApprover,
  'DELETE /applications/{app}/approvers/{email}': async () =>
    (await import('./approver/delete-approver.ts')).deleteApprover,
  'POST /applications/{app}/approvers/{email}/confirmation': async () =>
    (await import('./approver/post-confirmation.ts')).postConfirmation,
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/links': async () =>
    (await import('./deployment/post-link.ts')).postLink,
  'DELETE /applications/{app}': async () => (await import('./application/delete-application.ts')).deleteApplication,
};

export const DEPLOY: OperationsOf<'deploy'> = {
  'POST /applications/{app}/releases': async () => (await import('./release/post-release.ts')).postRelease,
  'POST /applications/{app}/promotions': async () => (await import('./release/post-promotion.ts')).postPromotion,
  'POST /applications/{app}/environments/{env}/deployments': async () =>
    (await import('./deployment/post-deployment.ts')).postDeployment,
  'POST /applications/{app}/environments/{env}/deployments/{id}/release': async () =>
    (await import('./deployment/post-deployment-release.ts')).postDeploymentRelease,
  'POST /applications/{app}/environments/{env}/deployments/{id}/cancel': async () =>
    (await import('./deployment/cancel-deployment.ts')).cancelDeployment,
  'DELETE /applications/{app}/environments/{env}': async () =>
    (await import('./environment/delete-environment.ts')).deleteEnvironment,
};

export const EPHEMERAL: OperationsOf<'ephemeral'> = {
  'POST /applications/{app}/ephemeral-environments': async () =>
    (await import('./ephemeral-environment/post-ephemeral-environment.ts')).postEphemeralEnvironment,
  'PATCH /applications/{app}/ephemeral-environments/{name}': async () =>
    (await import('./ephemeral-environment/patch-ephemeral-environment.ts')).patchEphemeralEnvironment,
  'DELETE /applications/{app}/ephemeral-environments/{name}': async () =>
    (await import('./ephemeral-environment/delete-ephemeral-environment.ts')).deleteEphemeralEnvironment,
  'POST /applications/{app}/ephemeral-environments/{name}/deployments': async () =>
    (await import('./ephemeral-environment/post-ephemeral-deployment.ts')).postEphemeralDeployment,
};

export const DECIDE: OperationsOf<'decide'> = {
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/decisions': async () =>
    (await import('./deployment/post-decision.ts')).postDecision,
};

export const WEBHOOK: OperationsOf<'webhook'> = {
  'POST /webhooks/github': async () => (await import('./webhook/post-github-webhook.ts')).postGithubWebhook,
};

export const OPEN: OperationsOf<'open'> & OfUnknownRoutes = {
  'GET /health': async () => (await import('./get-health.ts')).getHealth,
  'GET /openapi.json': async () => (await import('./get-openapi.ts')).getOpenapi,
  $default: async () => (await import('./refuse-unknown-route.ts')).refuseUnknownRoute,
};
