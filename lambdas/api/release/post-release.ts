import * as z from 'zod';
import { requesterOf } from '../../domain/approver/requester.ts';
import { CommitSchema } from '../../domain/names.ts';
import { registerRelease } from '../../domain/release/register-release.ts';
import { ReleaseViewSchema, viewRelease } from '../../domain/release/release-view.ts';
import type { Services } from '../../functions.ts';
import { answer, operation } from '../../runtime/operation.ts';
import { ApplicationPath } from '../inputs.ts';

const ReleaseRequestSchema = z.strictObject({
  commit: CommitSchema,
  message: z.string().max(20_000).default(''),
  author: z.string().max(500).default(''),
});

export const postRelease = operation(
  {
    operationId: 'postRelease',
    tag: 'release',
    summary: 'Create a release from a commit and deploy it to the first environment, as a push does',
    input: { path: ApplicationPath, body: ReleaseRequestSchema },
    answers: { 201: ReleaseViewSchema.extend({ deploymentId: z.string().nullable() }) },
  },
  async ({ path: { app }, body }, services: Services<'deploy'>, { caller }) => {
    const requestedBy = await requesterOf(services.store, app, caller);
    const { release, deploymentId = null } = await registerRelease(
      services,
      { ...body, application: app },
      requestedBy,
    );
    return answer(201, { ...(await viewRelease(services.store, release)), deploymentId });
  },
);
