import * as z from 'zod';
import { endWithBranch } from '../domain/ephemeral/follow-branch.ts';
import { BranchDeletedSchema, PullRequestClosedSchema } from '../domain/events.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';

const services = FUNCTIONS['branch-gone'].services.from(process.env);

/** The order matters: PullRequestClosed has fields that BranchDeleted lacks. */
const DetailSchema = z.union([PullRequestClosedSchema, BranchDeletedSchema]);

/** Ends the ephemeral environments of a branch on BranchDeleted and PullRequestClosed. */
export const handler = eventHandler(
  DetailSchema,
  (gone) => endWithBranch(services, gone, 'merged' in gone ? 'pull-request-closed' : 'branch-deleted'),
  { comesOnce: true },
);
