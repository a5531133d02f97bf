import { type Html, html } from '../../../lambdas/pages/parts/html.ts';
import { moment, nameOf } from '../../../lambdas/pages/parts/words.ts';
import type { DeploymentEvent } from '../reading/read-deployment.ts';

/** What happened to a deployment, by the type of the event. A type that is not here is shown as it is. */
export const EVENT_IN_WORDS: Readonly<Record<string, string>> = {
  requested: 'Asked for',
  started: 'Begun',
  planned: 'Planned',
  'plan-stale': 'The plan is out of date and is made again',
  'plan-consumed': 'The plan is used: its apply begins',
  'plan-given-back': 'The apply did not begin; the plan can be used again',
  'approval-requested': 'Approval asked for',
  'approvers-unreachable': 'No approver could be reached',
  'link-renewed': 'A new approval link was sent',
  approved: 'Approved',
  rejected: 'Rejected',
  'approvals-carried': 'Approvals count on: the new plan does the same',
  'approvals-voided': 'Approvals no longer count: the new plan does something else',
  'gate-expired': 'The time to decide is over',
  'applies-banned': 'Waits until applies are allowed again',
  'cancel-requested': 'Somebody asked to cancel it',
  canceled: 'Canceled',
  superseded: 'A newer release took its place',
  blocked: 'Blocked by a policy',
  expired: 'Expired',
  failed: 'Failed',
  succeeded: 'Succeeded',
  'state-unreadable': 'The Terraform state could not be read',
  'price-sheet-refused': 'The price sheet could not be used',
  'certificate-requested': 'A certificate was asked for',
  'certificate-issued': 'The certificate was issued',
  'dns-published': 'DNS was published',
  'dns-withdrawn': 'DNS was withdrawn',
};

/** What of the details of an event people read. */
const TOLD = ['gate', 'comment', 'reason', 'message'] as const;

/** Shows what happened, newest last. */
export const timeline = (events: readonly DeploymentEvent[]): Html =>
  html`<section class="card" aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
<ol class="timeline">${events.map(
    ({ at, type, by, details = {} }) =>
      html`<li><time datetime="${at}">${moment(at)}</time><span><strong>${EVENT_IN_WORDS[type] ?? type.replaceAll('-', ' ')}</strong>${by !== undefined && html` <span class="quiet">by <bdi>${nameOf({ principal: by })}</bdi></span>`}${TOLD.map(
        (name) => {
          const text = details[name];
          if (typeof text !== 'string' || text === '') return undefined;
          return name === 'gate'
            ? html` <span class="pill quiet">${text}</span>`
            : html`<br><span class="small"><bdi>${text}</bdi></span>`;
        },
      )}</span></li>`,
  )}</ol>
</section>`;
