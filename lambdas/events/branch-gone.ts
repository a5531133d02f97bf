import * as z from 'zod';
import { endWithBranch } from '../domain/ephemeral/follow-branch.ts';
import { BranchDeletedSchema, PullRequestClosedSchema } from '../domain/events.ts';
import { FUNCTIONS } from '../functions.ts';
import { eventHandler } from '../runtime/event-handler.ts';

const services = FUNCTIONS['branch-gone'].services.from(process.env);

/** The first has fields that the second lacks. */
const DetailSchema = z.union([PullRequestClosedSchema, BranchDeletedSchema]);

/** BranchDeleted and PullRequestClosed: the ephemeral environments of the branch end with it. */
export const handler = eventHandler(DetailSchema, async (gone) => {
  await endWithBranch(services, gone, 'merged' in gone ? 'pull-request-closed' : 'branch-deleted');
});
