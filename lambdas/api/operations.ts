import type { Operation } from '../runtime/operation.ts';
import type { Services } from '../runtime/services.ts';
import { cancelDeployment } from './cancel-deployment.ts';
import { deleteApplication } from './delete-application.ts';
import { deleteApprover } from './delete-approver.ts';
import { getApplication } from './get-application.ts';
import { getDeployment } from './get-deployment.ts';
import { getEnvironment } from './get-environment.ts';
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
import { listReleases } from './list-releases.ts';
import { patchEnvironment } from './patch-environment.ts';
import { postConfirmation } from './post-confirmation.ts';
import { postDecision } from './post-decision.ts';
import { postDeployment } from './post-deployment.ts';
import { postGithubWebhook } from './post-github-webhook.ts';
import { postLink } from './post-link.ts';
import { postPromotion } from './post-promotion.ts';
import { postProtectionLift } from './post-protection-lift.ts';
import { postRelease } from './post-release.ts';
import { putApplication } from './put-application.ts';
import { putApprover } from './put-approver.ts';
import { putEnvironment } from './put-environment.ts';
import type { ROUTES, RouteKey } from './routes.ts';

type ApiFunction = 'read' | 'configure' | 'approvers' | 'deploy' | 'decide' | 'webhook' | 'open';

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
  'GET /applications/{app}/releases': listReleases,
  'GET /applications/{app}/releases/{number}': getRelease,
};

export const CONFIGURE: OperationsOf<'configure'> = {
  'PUT /applications/{app}': putApplication,
  'PUT /applications/{app}/environments/{env}': putEnvironment,
  'PATCH /applications/{app}/environments/{env}': patchEnvironment,
  'POST /applications/{app}/environments/{env}/protection-lifts': postProtectionLift,
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
    ...DECIDE,
    ...WEBHOOK,
    ...OPEN,
  })),
};
