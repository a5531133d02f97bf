import type { Tag } from '../../runtime/operation.ts';

/** The groups of operations in the order in which the document lists them, each in one sentence. */
export const TAGS: Readonly<Record<Tag, string>> = {
  application: 'An application: where its configuration is kept, its pipeline, its policy and its audit.',
  environment: 'An environment of an application: an account, a region, and what is deployed there.',
  release:
    'A release is a commit of the config repository. It travels through the pipeline from one environment to the next.',
  deployment: 'A deployment brings one release to one environment: plan, gates, apply.',
  approver: 'The people who approve, and the subscriptions of their e-mail addresses.',
  approval: 'The pages behind e-mailed links. They answer HTML for people; programs use the decisions of a gate.',
  'ephemeral-environment': 'Environments made from a branch or a commit, which end by themselves.',
  webhook: 'What git hosts send.',
  service: 'Stagegate itself: its health, and this description.',
};
