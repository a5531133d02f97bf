import type { Operation } from '../runtime/operation.ts';
import type { Services } from '../runtime/services.ts';
import { cancelDeployment } from './cancel-deployment.ts';
import { deleteApplication } from './delete-application.ts';
import { deleteApprover } from './delete-approver.ts';
import { deleteEnvironment } from './delete-environment.ts';
import { deleteEphemeralEnvironment } from './delete-ephemeral-environment.ts';
import { getApplication } from './get-application.ts';
import { getDeployment } from './get-deployment.ts';
import { getEnvironment } from './get-environment.ts';
import { getEphemeralEnvironment } from './get-ephemeral-environment.ts';
import { getHealth } from './get-health.ts';
import { getOpenapi } from './get-openapi.ts';
import { getOutputs } from './get-outputs.ts';
import { getPipeline } from './get-pipeline.ts';
import { getPlan } from './get-plan.ts';
import { getRelease } from './get-release.ts';
import { listApplications } from './list-applications.ts';
import { listApprovers } from './list-approvers.ts';
import { listAudit } from './list-audit.ts';
import { listDeploymentEvents } from './list-deployment-events.ts';
import { listDeployments } from './list-deployments.ts';
import { listEnvironments } from './list-environments.ts';
import { listAllEphemeralEnvironments, listEphemeralEnvironments } from './list-ephemeral-environments.ts';
import { listReleases } from './list-releases.ts';
import { patchEnvironment } from './patch-environment.ts';
import { patchEphemeralEnvironment } from './patch-ephemeral-environment.ts';
import { postConfirmation } from './post-confirmation.ts';
import { postDecision } from './post-decision.ts';
import { postDeployment } from './post-deployment.ts';
import { postEphemeralDeployment } from './post-ephemeral-deployment.ts';
import { postEphemeralEnvironment } from './post-ephemeral-environment.ts';
import { postGithubWebhook } from './post-github-webhook.ts';
import { postLink } from './post-link.ts';
import { postPromotion } from './post-promotion.ts';
import { postProtectionLift } from './post-protection-lift.ts';
import { postRelease } from './post-release.ts';
import { postStateMove } from './post-state-move.ts';
import { putApplication } from './put-application.ts';
import { putApprover } from './put-approver.ts';
import { putEnvironment } from './put-environment.ts';
import type { ROUTES, RouteKey } from './routes.ts';

type ApiFunction = 'read' | 'configure' | 'approvers' | 'deploy' | 'ephemeral' | 'decide' | 'webhook' | 'open';

/** Exactly the routes that the route table gives a function: a missing or foreign one does not compile. */
type OperationsOf<Name extends ApiFunction> = {
  readonly [Route in RouteKey as (typeof ROUTES)[Route]['function'] extends Name ? Route : never]: Operation<
    Services<Name>
  >;
};

export const READ: OperationsOf<'read'> = {
  'GET /applications': listApplications,
  'GET /applications/{app}': getApplication,
  'GET /applications/{app}/pipeline': getPipeline,
  'GET /applications/{app}/audit': listAudit,
  'GET /applications/{app}/environments': listEnvironments,
  'GET /applications/{app}/environments/{env}': getEnvironment,
  'GET /applications/{app}/environments/{env}/outputs': getOutputs,
  'GET /applications/{app}/environments/{env}/deployments': listDeployments,
  'GET /applications/{app}/environments/{env}/deployments/{id}': getDeployment,
  'GET /applications/{app}/environments/{env}/deployments/{id}/plan': getPlan,
  'GET /applications/{app}/environments/{env}/deployments/{id}/events': listDeploymentEvents,
  'GET /ephemeral-environments': listAllEphemeralEnvironments,
  'GET /applications/{app}/ephemeral-environments': listEphemeralEnvironments,
  'GET /applications/{app}/ephemeral-environments/{name}': getEphemeralEnvironment,
  'GET /applications/{app}/releases': listReleases,
  'GET /applications/{app}/releases/{number}': getRelease,
};

export const CONFIGURE: OperationsOf<'configure'> = {
  'PUT /applications/{app}': putApplication,
  'PUT /applications/{app}/environments/{env}': putEnvironment,
  'PATCH /applications/{app}/environments/{env}': patchEnvironment,
  'POST /applications/{app}/environments/{env}/protection-lifts': postProtectionLift,
  'POST /applications/{app}/environments/{env}/state-moves': postStateMove,
};

export const APPROVERS: OperationsOf<'approvers'> = {
  'GET /applications/{app}/approvers': listApprovers,
  'PUT /applications/{app}/approvers/{email}': putApprover,
  'DELETE /applications/{app}/approvers/{email}': deleteApprover,
  'POST /applications/{app}/approvers/{email}/confirmation': postConfirmation,
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/links': postLink,
  'DELETE /applications/{app}': deleteApplication,
};

export const DEPLOY: OperationsOf<'deploy'> = {
  'POST /applications/{app}/releases': postRelease,
  'POST /applications/{app}/promotions': postPromotion,
  'POST /applications/{app}/environments/{env}/deployments': postDeployment,
  'POST /applications/{app}/environments/{env}/deployments/{id}/cancel': cancelDeployment,
  'DELETE /applications/{app}/environments/{env}': deleteEnvironment,
};

export const EPHEMERAL: OperationsOf<'ephemeral'> = {
  'POST /applications/{app}/ephemeral-environments': postEphemeralEnvironment,
  'PATCH /applications/{app}/ephemeral-environments/{name}': patchEphemeralEnvironment,
  'DELETE /applications/{app}/ephemeral-environments/{name}': deleteEphemeralEnvironment,
  'POST /applications/{app}/ephemeral-environments/{name}/deployments': postEphemeralDeployment,
};

export const DECIDE: OperationsOf<'decide'> = {
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/decisions': postDecision,
};

export const WEBHOOK: OperationsOf<'webhook'> = {
  'POST /webhooks/github': postGithubWebhook,
};

export const OPEN: OperationsOf<'open'> = {
  'GET /health': getHealth,
  'GET /openapi.json': getOpenapi(() => ({
    ...READ,
    ...CONFIGURE,
    ...APPROVERS,
    ...DEPLOY,
    ...EPHEMERAL,
    ...DECIDE,
    ...WEBHOOK,
    ...OPEN,
  })),
};
