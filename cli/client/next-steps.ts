import type { PROBLEMS } from '../../lambdas/runtime/http-errors.ts';

/** What to do after a problem, for those whose text does not say it already. */
export const NEXT_STEPS: Partial<Record<keyof typeof PROBLEMS, string>> = {
  'invalid-input': 'Correct the fields and try again. Nothing was changed.',
  'not-found': '`stagegate status` shows what there is.',
  conflict: 'Try again.',
  'service-unavailable': 'Try again later.',
  internal: 'Look into the log of the control plane (docs/operations.md), then try again.',
  'record-unreadable': 'An administrator has to look into the record (docs/operations.md).',
  'not-succeeded-before': 'Promote the release to the environment before first; `stagegate status` shows where it is.',
  'environment-on-hold': '`stagegate status` says why; staff lift the hold with `stagegate lift ENVIRONMENT`.',
  'nothing-to-promote': '`stagegate status` shows which releases have succeeded where.',
  'nothing-deployed': '`stagegate promote ENVIRONMENT` deploys a release there.',
  'not-a-rollback': '`stagegate promote ENVIRONMENT --release NUMBER` deploys a newer release.',
  'older-release': '`stagegate rollback ENVIRONMENT --release NUMBER` goes back to an older release.',
  'gate-not-open': '`stagegate status` shows what waits for whom.',
  'gate-expired': 'Promote the release again.',
  'already-decided': 'A decision cannot be changed. `stagegate status` shows where the deployment stands.',
  'digest-differs': 'The plan was made again. Read the new one with `stagegate plan ENVIRONMENT`, then decide.',
  'not-an-approver':
    'An administrator registers approvers (docs/first-day.md). In a local cloud, `--as` says who decides.',
  'requester-unknown': 'Somebody who is registered as an approver with this principal has to ask for it.',
  'own-request': 'Another approver has to decide.',
  'one-person-one-gate': 'Another approver has to decide.',
  'one-session-one-seat': 'Another approver has to decide.',
  'production-protected': 'Staff allow it once with a protection lift (docs/api.md).',
  'deletion-protected': 'Staff allow it once with a protection lift (docs/api.md).',
  'environment-exists': 'Choose another name, or look at it with `stagegate ephemeral show NAME`.',
  'ephemeral-limit': 'Delete one that nobody needs: `stagegate ephemeral list`, `stagegate ephemeral delete NAME`.',
};
