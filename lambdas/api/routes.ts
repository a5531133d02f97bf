import type { FunctionName } from '../functions.ts';

/**
 * The REST API: every route with the function that serves it and the least role that may call it. `lib/` builds the
 * gateway and the role policies from this table, the OpenAPI document is made from it, and each function dispatches on
 * it. `public` routes need no IAM signature; docs/threat-model.md lists each of them.
 */
export const ROUTES = {
  'GET /health': { function: 'open', role: 'public' },
  'GET /openapi.json': { function: 'open', role: 'public' },
  'GET /approvals/{token}': { function: 'approval-page', role: 'public' },
  'POST /approvals/{token}': { function: 'approval-page', role: 'public' },
  'POST /webhooks/github': { function: 'webhook', role: 'public' },

  'GET /applications': { function: 'read', role: 'viewer' },
  'GET /applications/{app}': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/pipeline': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/audit': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments/{env}': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments/{env}/outputs': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/releases': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/releases/{number}': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments/{env}/deployments': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments/{env}/deployments/{id}': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments/{env}/deployments/{id}/plan': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/environments/{env}/deployments/{id}/events': { function: 'read', role: 'viewer' },
  'GET /ephemeral-environments': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/ephemeral-environments': { function: 'read', role: 'viewer' },
  'GET /applications/{app}/ephemeral-environments/{name}': { function: 'read', role: 'viewer' },

  'GET /health/details': { function: 'read', role: 'admin' },

  'PUT /applications/{app}': { function: 'configure', role: 'admin' },
  'POST /applications/{app}/repository-confirmations': { function: 'configure', role: 'admin' },
  'PUT /applications/{app}/environments/{env}': { function: 'configure', role: 'admin' },
  'PATCH /applications/{app}/environments/{env}': { function: 'configure', role: 'staff' },
  'POST /applications/{app}/environments/{env}/protection-lifts': { function: 'configure', role: 'staff' },
  'POST /applications/{app}/environments/{env}/proof-lifts': { function: 'configure', role: 'staff' },
  'POST /applications/{app}/environments/{env}/state-moves': { function: 'configure', role: 'staff' },

  'GET /applications/{app}/approvers': { function: 'approvers', role: 'viewer' },
  'GET /applications/{app}/approvers/{email}': { function: 'approvers', role: 'viewer' },
  'PUT /applications/{app}/approvers/{email}': { function: 'approvers', role: 'admin' },
  'DELETE /applications/{app}/approvers/{email}': { function: 'approvers', role: 'admin' },
  'POST /applications/{app}/approvers/{email}/confirmation': { function: 'approvers', role: 'staff' },
  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/links': {
    function: 'approvers',
    role: 'staff',
  },
  'DELETE /applications/{app}': { function: 'approvers', role: 'admin' },

  'POST /applications/{app}/releases': { function: 'deploy', role: 'developer' },
  'POST /applications/{app}/promotions': { function: 'deploy', role: 'developer' },
  'POST /applications/{app}/environments/{env}/deployments': { function: 'deploy', role: 'developer' },
  'POST /applications/{app}/environments/{env}/deployments/{id}/cancel': { function: 'deploy', role: 'developer' },
  'POST /applications/{app}/environments/{env}/deployments/{id}/release': { function: 'deploy', role: 'staff' },
  'DELETE /applications/{app}/environments/{env}': { function: 'deploy', role: 'admin' },

  'POST /applications/{app}/ephemeral-environments': { function: 'ephemeral', role: 'developer' },
  'PATCH /applications/{app}/ephemeral-environments/{name}': { function: 'ephemeral', role: 'developer' },
  'DELETE /applications/{app}/ephemeral-environments/{name}': { function: 'ephemeral', role: 'developer' },
  'POST /applications/{app}/ephemeral-environments/{name}/deployments': { function: 'ephemeral', role: 'developer' },

  'POST /applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/decisions': {
    function: 'decide',
    role: 'staff',
  },

  // For builds only: not in the policy of any person, and not in the OpenAPI document.
  'POST /builds/credentials': { function: 'credentials', role: 'build' },
} as const satisfies Record<string, Route>;

/** The route of all requests that no other route takes, as API Gateway names it. Its function tells what is wrong. */
export const UNKNOWN_ROUTE = { key: '$default', function: 'open' } as const satisfies {
  readonly key: string;
  readonly function: FunctionName;
};

interface Route {
  readonly function: FunctionName;
  readonly role: 'public' | 'viewer' | 'developer' | 'staff' | 'admin' | 'build';
}
export type RouteKey = keyof typeof ROUTES;
